"""Refuses an exported file that would do more than compute, before or as soon as torch reads it.

TorchScript runs no Python, but a file may bring operators that write or read other files. A .pt2
is worse: as torch reads it, it evaluates expressions as Python and unpickles parts. So each kind
may hold only what our own files hold. What passes can still waste time or memory.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch

from foodcls.learn.archive import Parts

_OURS = r"version|byteorder|\.data/(version|serialization_id)"
_SCRIPT_PARTS = re.compile(rf"{_OURS}|(data|constants)(\.pkl|/\d+)|code/__torch__[\w/]*\.py")
_PROGRAM_PARTS = re.compile(
    rf"{_OURS}|archive_(format|version)|models/model\.json|data/sample_inputs/model\.pt"
    r"|data/weights/(weight_\d+|model_weights_config\.json)"
    r"|data/constants/(tensor_\d+|model_constants_config\.json)|extra/foodcls\.json"
)
# code that runs while the file is read, and classes of C++ that bring their own
_AT_ONCE = (b"__setstate__", b"torch.classes")
# flow and values; what computes is aten, see _check_operator
_PRIM = re.compile(
    "Constant|GetAttr|If|Loop|ListConstruct|ListUnpack|TupleConstruct|TupleUnpack|TupleIndex"
    "|DictConstruct|NumToTensor|RaiseException|Uninitialized|dtype|device|is_cuda|min|max"
    "|unchecked_cast|isinstance|unchecked_unwrap_optional"
)

# tensors are computed by aten, sizes by plain arithmetic
_TARGET = re.compile(
    r"torch\.ops\.(aten\.\w+)\.\w+|torch\.sym_(max|min|float|int|not|ite)|math\.(ceil|floor|trunc)"
    r"|_operator\.(add|sub|mul|truediv|floordiv|mod|pow|neg|eq|ne|lt|le|gt|ge|and_|or_|getitem)"
)
# sizes are sums and products of symbols; each is evaluated as Python
_WORDS = r"Symbol|Integer|Add|Mul|Pow|Mod|FloorDiv|Max|Min|positive|integer|True"
_SIZE = re.compile(rf"(({_WORDS})\b|'[su]\d+'|\b[su]\d+\b|\d+|[-+*/(),= ])*")
# kinds of values in a program: tensors, numbers and the like, no operators, graphs or objects
_KINDS = re.compile(
    "as_(tensors?|optional_tensors?|none|ints?|floats?|bools?|strings?|sym_ints?|sym_bool|name|expr"
    "|scalar_type|layout|memory_format|device)"
)
_TREES = frozenset(("builtins.tuple", "builtins.list", "builtins.dict", None))


def check_script_parts(parts: Parts) -> None:
    """ValueError unless torch may read these parts as TorchScript."""
    _check_names(parts, _SCRIPT_PARTS)
    for name in parts.names:
        if name.endswith((".py", ".pkl")) and any(word in parts.read(name) for word in _AT_ONCE):
            raise ValueError(f"its part {name!r} would run while it is read")


def check_operators(module: torch.jit.ScriptModule) -> None:
    """ValueError unless all that a module does is to compute."""
    # attributes before methods: nothing else of the module is ever called
    graph: Any = module.forward
    for node in _nodes(graph.inlined_graph):
        space, _, name = node.kind().partition("::")
        if space == "aten":
            _check_operator(node.kind())
        elif space != "prim" or not _PRIM.fullmatch(name):
            raise ValueError(f"it uses {node.kind()}, which no exported file does")


def check_program_parts(parts: Parts) -> None:
    """ValueError unless torch may read these parts as a program."""
    _check_names(parts, _PROGRAM_PARTS)
    # with anything else in it torch would fall back to unpickling whatever stands there
    torch.load(io.BytesIO(parts.read("data/sample_inputs/model.pt")), weights_only=True)
    for name in parts.names:
        if name.startswith(("models/", "data/")) and name.endswith(".json"):
            _check_value(json.loads(parts.read(name)))


def _check_names(parts: Parts, allowed: re.Pattern[str]) -> None:
    for name in parts.names:
        if not allowed.fullmatch(name):
            raise ValueError(f"its part {name!r} is none that export writes")


def _nodes(block: Any) -> Iterator[Any]:
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from _nodes(inner)


def _check_operator(name: str) -> None:
    schemas = torch._C._jit_get_schemas_for_operator(name)
    if any(argument.name == "filename" for schema in schemas for argument in schema.arguments):
        raise ValueError(f"it uses {name}, which touches files")


def _check_value(value: Any) -> None:
    """Look at each key of a program's JSON, however deep."""
    if isinstance(value, list):
        for item in value:
            _check_value(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.startswith("as_") and not _KINDS.fullmatch(key):
                raise ValueError(f"it holds {key}, which no exported file does")
            check = _BY_KEY.get(key)
            if check and not check(item):
                raise ValueError(f"its {key} {str(item)[:80]!r} is none that export writes")
            _check_value(item)


def _is_target(value: Any) -> bool:
    found = _TARGET.fullmatch(str(value))
    if found and found[1]:
        _check_operator(found[1].replace(".", "::"))
    return found is not None


def _is_tree(value: Any) -> bool:
    """Whether a tree of arguments, which is JSON in a string, is of tuples, lists and such."""
    waiting = [json.loads(value)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
            if item.get("type") not in _TREES or item.get("context") not in ("null", "[]", None):
                return False
    return True


_BY_KEY: dict[str, Callable[[Any], bool]] = {
    "target": _is_target,
    "expr_str": lambda value: _SIZE.fullmatch(str(value)) is not None,
    "guards_code": lambda value: value == [],
    "use_pickle": lambda value: value is False,
    "in_spec": _is_tree,
    "out_spec": _is_tree,
    "source_fn_stack": lambda value: False,
    "from_node": lambda value: False,
}
