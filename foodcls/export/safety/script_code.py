"""Judges the TorchScript sources of an exported file as text: they may compute, and no more.

Allowed are methods `forward` without loops and argument defaults, which use the operators of a list
and one another, each once; attributes of plain types and of classes of the same file.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any, NoReturn

from foodcls.export.safety.archive import Module, Plain, refuse
from foodcls.export.safety.operators import KEYWORDS, OPERATORS

# within these characters Python reads a source as torch does: no comment, escape or decorator
_SOURCE = re.compile(r'[\n\w !"()+,\-.:=>\[\]]*', re.ASCII)
FORWARD = re.compile(r"forward\d*", re.ASCII)
# what names stand for in all sources
_CALLED = ("torch", "ops", "CONSTANTS", "getattr", "annotate", "unchecked_cast", "int", "float",
           "bool")  # fmt: skip
_BUILT_IN = dict.fromkeys(("inf", "nan", *_CALLED), "") | {"__torch__": "__torch__"}
_VALUES = {"bool": bool, "int": int, "float": float, "NoneType": type(None)}
_TYPES = {*_VALUES, "str", "Tensor", "number", "List", "Dict", "Tuple", "Optional"}


class ScriptCode:
    """The classes and functions of a file's sources, each looked through."""

    def __init__(self, sources: dict[str, bytes]) -> None:
        self._classes: dict[str, dict[str, str]] = {}  # type of each attribute, by its name
        self._functions: dict[str, ast.FunctionDef] = {}  # methods too, as CLASS.forward
        self._used: set[str] = set()
        annotations = [
            annotation for name, text in sources.items() for annotation in self._collect(name, text)
        ]
        for owner, name, kind in annotations:
            _once(self._classes[owner], name, self._type(kind))
        for path in self._functions:
            self._check_function(path)

    def check_module(self, module: Any) -> None:
        """ValueError unless a value of data.pkl is a module of these classes."""
        if not isinstance(module, Module):
            refuse("it holds no module")
        # called from without; so no method can come back to itself
        self._use(f"{module.kind}.forward")
        self._check_value(module, module.kind, set())

    def _collect(self, part: str, text: bytes) -> Iterator[tuple[str, str, ast.expr]]:
        """Enter what a source defines; yield class, name and type of each attribute."""
        prefix = part.removeprefix("code/").removesuffix(".py").replace("/", ".")
        for statement in _parse(part, text).body:
            match statement:
                case ast.FunctionDef(name=name):
                    _once(self._functions, f"{prefix}.{name}", statement)
                case ast.ClassDef(name=name, bases=[ast.Name(id="Module")], keywords=[]):
                    _once(self._classes, f"{prefix}.{name}", {})
                    yield from self._collect_class(f"{prefix}.{name}", statement)
                case _:
                    _refuse_node(statement)

    def _collect_class(
        self, path: str, definition: ast.ClassDef
    ) -> Iterator[tuple[str, str, ast.expr]]:
        for statement in definition.body:
            match statement:
                case ast.Assign(
                    targets=[ast.Name(id="__parameters__" | "__buffers__")], value=ast.List()
                ):
                    pass
                case (
                    ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=None)
                    | ast.Assign(
                        targets=[
                            ast.Subscript(
                                value=ast.Name(id="__annotations__"),
                                slice=ast.Constant(value=str(name)),
                            )
                        ],
                        value=kind,
                    )
                ) if not name.startswith("__"):
                    yield path, name, kind
                case ast.FunctionDef(name=name) if FORWARD.fullmatch(name):
                    _once(self._functions, f"{path}.{name}", statement)
                case _:
                    _refuse_node(statement)

    def _type(self, node: ast.expr | None) -> str:
        """A type as text; it is made of plain types and of classes of the file."""
        text = "NoneType" if node is None else ast.unparse(node)
        words = re.findall(r"[\w.]+", text, re.ASCII)
        if re.search(r"[^\w.\[\], ]", text) or not self._classes.keys() | _TYPES >= set(words):
            refuse(f"it uses the type {text}")
        return text

    def _check_function(self, path: str) -> None:
        function, owner = self._functions[path], path.rpartition(".")[0]
        if function.args.defaults:
            # torch computes them as it reads
            refuse(f"{path} has arguments with defaults")
        known = dict(_BUILT_IN)
        for argument in function.args.args:
            _bind(known, argument.arg, self._type(argument.annotation))
        if owner in self._classes and [*known.values()][len(_BUILT_IN) :][:1] != [owner]:
            refuse(f"{path} is not of its own class")
        self._type(function.returns)
        self._check_block(function.body, known)

    def _check_block(self, block: list[ast.stmt], known: dict[str, str]) -> None:
        for statement in block:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    _bind(known, name, self._check(value, known))
                case ast.Assign(targets=[ast.Tuple(elts=names)], value=value):
                    self._check(value, known)
                    for one in names:
                        _bind(known, ast.unparse(one), "")
                case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                    self._check(value, known)
                case ast.If(test=test):
                    self._check(test, known)
                    inner = [dict(known), dict(known)]
                    self._check_block(statement.body, inner[0])
                    self._check_block(statement.orelse, inner[1])
                    known |= {name: "" for names in inner for name in names if name not in known}
                case ast.Pass():
                    pass
                case _:
                    _refuse_node(statement)

    def _check(self, node: ast.expr, known: dict[str, str]) -> str:
        """The class or function that an expression stands for; empty for what is computed."""
        match node:
            case ast.Constant():
                return ""
            case ast.Name(id=name) if name in known:
                return known[name]
            case ast.Attribute(value=ast.Name(id="CONSTANTS")):
                return ""
            case ast.Attribute(value=owner, attr=name):
                return self._attribute(self._check(owner, known), name)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                self._check(inner, known)
            case ast.Subscript(value=value, slice=place):
                self._check_all([value, place], known)
            case ast.List(elts=inners) | ast.Tuple(elts=inners):
                self._check_all(inners, known)
            case ast.Call():
                return self._check_call(node, known)
            case _:
                _refuse_node(node)
        return ""

    def _check_all(self, nodes: list[ast.expr], known: dict[str, str]) -> None:
        for node in nodes:
            self._check(node, known)

    def _attribute(self, owner: str, name: str) -> str:
        if owner.startswith("__torch__") and owner not in self._classes:
            return f"{owner}.{name}"
        if name not in self._classes.get(owner, ()):
            refuse(f"it asks {owner or 'a value'} for {name!r}")
        kind = self._classes[owner][name]
        return kind if kind in self._classes else ""

    def _check_call(self, call: ast.Call, known: dict[str, str]) -> str:
        if not {keyword.arg for keyword in call.keywords} <= KEYWORDS:
            _refuse_node(call)
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        match call.func:
            case ast.Name(id="getattr"):
                owner, name = arguments
                return self._attribute(self._check(owner, known), ast.literal_eval(name))
            case ast.Name(id="annotate" | "unchecked_cast"):
                self._type(arguments.pop(0))
            case ast.Name(id="int" | "float" | "bool"):
                pass
            case ast.Attribute(value=ast.Name(id="torch"), attr=name):
                check_operator(f"aten::{name}")
            case ast.Attribute(
                value=ast.Attribute(value=ast.Name(id="ops"), attr="prim"), attr=name
            ):
                check_operator(f"prim::{name}")
            case ast.Attribute(value=owner, attr=name) if FORWARD.fullmatch(name):
                self._use(f"{self._check(owner, known)}.{name}")
            case function:
                self._use(self._check(function, known))
        self._check_all(arguments, known)
        return ""

    def _use(self, path: str) -> None:
        # one that is called twice, by others called twice, would be run without end
        if path not in self._functions or path in self._used:
            refuse(f"it calls {path!r}, or calls it twice")
        self._used.add(path)

    def _check_value(self, value: Any, kind: str, seen: set[str]) -> None:
        """Each value is of the type that its class declares; a class has one module."""
        if kind not in self._classes:
            if not _fits(value, kind):
                refuse(f"it holds no {kind} where it says so")
            return
        declared = self._classes[kind]
        if kind in seen or not isinstance(value, Module) or value.kind != kind:
            refuse(f"it holds no {kind} where it says so, or two")
        seen.add(kind)
        if value.attributes.keys() != declared.keys():
            refuse(f"it holds no whole {kind}")
        for name, inner in declared.items():
            self._check_value(value.attributes[name], inner, seen)


def _parse(part: str, text: bytes) -> ast.Module:
    source = text.decode("ascii")
    if not _SOURCE.fullmatch(source) or '"""' in source:
        refuse(f"its part {part!r} holds characters that no exported file does")
    # Python refuses what is nested so deep that torch would run out of stack
    with warnings.catch_warnings():
        # what Python only warns of, torch may read otherwise
        warnings.simplefilter("error")
        return ast.parse(source)


def _bind(known: dict[str, str], name: str, value: str) -> None:
    if name in _BUILT_IN or not name.isidentifier():
        refuse(f"its code gives {name!r} another meaning")
    known[name] = value


def _once(table: dict[str, Any], name: str, value: Any) -> None:
    if name in table:
        refuse(f"it defines {name!r} twice")
    table[name] = value


def _fits(value: Any, kind: str) -> bool:
    if kind == "Optional[bool]":
        return value is None or isinstance(value, bool)
    return value == Plain(kind) or type(value) is _VALUES.get(kind)


def check_operator(name: str) -> None:
    """ValueError unless an operator, as `aten::add`, is one that exported files use."""
    if name not in OPERATORS:
        refuse(f"it uses {name}, which no exported file does")


def _refuse_node(node: ast.AST) -> NoReturn:
    text = ast.unparse(node).splitlines()[0][:80]
    refuse(f"its code holds {text!r}, which no exported file does")
