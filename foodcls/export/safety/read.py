"""Has torch read an exported file, once sure that nothing in it does more than compute.

torch runs some of a file while it reads it, and more at use: operators that write files, hooks,
methods that stand in for a module's own. So the file is judged before torch sees it, by what ours
hold: methods `forward` without loops, which use the operators of a list and one another, each once;
plain values, and tensors as large as the file. What passes can still take time and memory.
"""

import io
from collections.abc import Iterator
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import torch

from foodcls.export.safety.archive import Parts, Pickle, Plain, refuse
from foodcls.export.safety.script_code import FORWARD, ScriptCode, check_operator

# what zipfile and torch raise on damaged archives, and what is raised where the file is sound but
# has no classes in it
UNREADABLE = (
    AssertionError,
    AttributeError,
    BadZipFile,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    UnpicklingError,
    ValueError,
)


def read_module(data: bytes) -> torch.jit.ScriptModule:
    """The module of an exported file; ValueError, or what damaged archives raise, if unsafe."""
    parts = Parts(data)
    code = ScriptCode({name: parts.read(name) for name in parts.names if name.endswith(".py")})
    code.check_module(Pickle(parts, "data").read())
    constants = Pickle(parts, "constants").read()
    if not isinstance(constants, tuple) or any(value != Plain("Tensor") for value in constants):
        refuse("it holds constants that are no tensors")
    module = torch.jit.load(io.BytesIO(data), "cpu")
    _check_compiled(module)
    return module


def _check_compiled(module: torch.jit.ScriptModule) -> None:
    """ValueError unless torch found in the sources what was judged."""
    for part in module.modules():
        own: Any = part
        if own._c._get_forward_hooks() or own._c._get_forward_pre_hooks():
            refuse("it holds hooks")
        for name in own._c._method_names():
            if not FORWARD.fullmatch(name):
                refuse(f"it holds a method {name!r}")
    graph: Any = module.forward
    for node in _nodes(graph.inlined_graph):
        check_operator(node.kind())


def _nodes(block: Any) -> Iterator[Any]:
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from _nodes(inner)
