"""Turns the code behind a module into a digest: its source, what it imports, their versions."""

import ast
import importlib.util
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from foodcls.store import digest_json, digest_of

# where the name to import is not the name to install
DISTRIBUTIONS = {"PIL": "pillow", "yaml": "pyyaml"}


@lru_cache
def source_digest(modules: tuple[str, ...]) -> str:
    """SHA-256 of these modules, of all foodcls modules they import, and of package versions."""
    digests: dict[str, str] = {}
    packages: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in digests:
            continue
        digests[name], imports = _read_module(name)
        for imported in imports:
            root = imported.partition(".")[0]
            if root == "foodcls":
                waiting.append(imported)
            elif root not in sys.stdlib_module_names:
                packages.add(DISTRIBUTIONS.get(root, root))
    return digest_json([digests, {name: _version(name) for name in sorted(packages)}])


# stages share most of their modules: each is read once in a process
@lru_cache
def _read_module(name: str) -> tuple[str, tuple[str, ...]]:
    """SHA-256 of a module's source, and what it imports."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source of {name}")
    source = Path(spec.origin).read_bytes()
    return digest_of(source), tuple(_imports(source))


def _imports(source: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module.startswith("foodcls"):
                inner = (f"{node.module}.{alias.name}" for alias in node.names)
                yield from (name for name in inner if _is_module(name))


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
