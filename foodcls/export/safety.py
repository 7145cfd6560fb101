"""Refuses an exported file that would do more than compute, before or as soon as torch reads it.

TorchScript runs no Python, but a file may bring operators that write or read other files. So it may
hold only what our own files hold. What passes can still waste time or memory.
"""

import re
from collections.abc import Iterator
from typing import Any

import torch

from foodcls.export.archive import Parts

_PARTS = re.compile(
    r"version|byteorder|\.data/(version|serialization_id)|(data|constants)(\.pkl|/\d+)"
    r"|code/__torch__[\w/]*\.py"
)
# code that runs while the file is read, and classes of C++ that bring their own
_AT_ONCE = (b"__setstate__", b"torch.classes")
# flow and values; what computes is aten, see _check_operator
_PRIM = re.compile(
    "Constant|GetAttr|If|Loop|ListConstruct|ListUnpack|TupleConstruct|TupleUnpack|TupleIndex"
    "|DictConstruct|NumToTensor|RaiseException|Uninitialized|dtype|device|is_cuda|min|max"
    "|unchecked_cast|isinstance|unchecked_unwrap_optional"
)


def check_parts(parts: Parts) -> None:
    """ValueError unless torch may read these parts as TorchScript."""
    for name in parts.names:
        if not _PARTS.fullmatch(name):
            raise ValueError(f"its part {name!r} is none that export writes")
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


def _nodes(block: Any) -> Iterator[Any]:
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from _nodes(inner)


def _check_operator(name: str) -> None:
    schemas = torch._C._jit_get_schemas_for_operator(name)
    if any(argument.name == "filename" for schema in schemas for argument in schema.arguments):
        raise ValueError(f"it uses {name}, which touches files")
