"""Turns the code behind a module into a digest: its source, what it imports, their versions."""

import ast
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from threading import Lock

from foodcls.store.store import digest_json, digest_of

# CPython 3.11 was seen to fail in it when two threads parse: "recursion depth mismatch"
PARSING = Lock()
# rooms that carry work and decide no result of it, so that they are in no key. Settings count by
# their values: their classes must have no method that a result depends on
CARRIERS = {"columnar", "errors", "progress", "recipe", "store", "work", "workspace"}


@lru_cache
def code_digest(modules: tuple[str, ...]) -> str:
    """SHA-256 of the modules `behind` these, and of the versions of packages that they import.

    Comments, docstrings and the layout of lines do not count.
    """
    read = {name: _read_module(name) for name in behind(modules)}
    roots = {item.partition(".")[0] for _, imports in read.values() for item in imports}
    owners = {name for root in roots - {"foodcls"} for name in _distributions().get(root, ())}
    versions = {name: version(name) for name in owners}
    return digest_json([{name: code for name, (code, _) in read.items()}, versions])


def behind(modules: tuple[str, ...]) -> tuple[str, ...]:
    """The names of these modules and of all foodcls modules they import, but for CARRIERS."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        # the package `foodcls` itself carries too
        if name in found or name == "foodcls" or name.split(".")[1] in CARRIERS:
            continue
        found.add(name)
        imports = _read_module(name)[1]
        waiting += [item for item in imports if item.partition(".")[0] == "foodcls"]
    return tuple(sorted(found))


# stages share most of their modules: each is read once in a process
@lru_cache
def _read_module(name: str) -> tuple[str, tuple[str, ...]]:
    """SHA-256 of a module's code, and what it imports."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source of {name}")
    source = Path(spec.origin).read_bytes()
    with PARSING:
        tree = ast.parse(source)
    imports = tuple(_imports(tree))
    return digest_of(ast.dump(_without_texts(tree)).encode()), imports


def _without_texts(tree: ast.Module) -> ast.Module:
    """The tree without docstrings; it holds no comments anyway."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [item for item in node.body if not _is_text(item)]
    return tree


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module.startswith("foodcls"):
                yield from _submodules(node.module, (alias.name for alias in node.names))


def _submodules(parent: str, names: Iterable[str]) -> Iterator[str]:
    spec = importlib.util.find_spec(parent)
    # what a plain module has are no modules, and to look for them would import it, and torch
    if spec and spec.submodule_search_locations:
        inner = (f"{parent}.{name}" for name in names)
        yield from (name for name in inner if importlib.util.find_spec(name))


@lru_cache
def _distributions() -> Mapping[str, list[str]]:
    """What was installed, by what is imported of it: pillow brings PIL, beautifulsoup4 bs4."""
    return packages_distributions()
