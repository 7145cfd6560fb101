"""Tries backbones without their weights: which can be trained and exported, and which are slow.

python benchmarks/backbones.py TABLE.jsonl [NAME ...]

All names of torchvision and timm, small ones of each family first, on torch's device without
memory; a line of TABLE.jsonl each, so that a killed run goes on. At the end it prints the counts.
"""

import argparse
import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from foodcls.errors import WeightsError, first_line
from foodcls.export.safety.operators import OPERATORS
from foodcls.export.safety.read import _nodes
from foodcls.network.backbones import _Bare, _build, backbone_names, own_size
from foodcls.network.partition import UNTRACEABLE, _Tracer

USUAL = 224
LIMIT = 40  # seconds of a processor, for a name
BIG = ("giant", "huge", "enormous", "xlarge", "so400m", "_large")
TRACER = torch._C._dispatch_key_parse("Tracer")
META = torch.library.Library("aten", "IMPL", "Meta")


class Untraced(TorchDispatchMode):
    """Lets tensors without memory be traced: the sizes in their kernels must be plain numbers."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        state = torch._C._get_tracing_state()
        if state is None:
            return func(*args, **(kwargs or {}))
        trace(None)
        try:
            return func(*args, **(kwargs or {}))
        finally:
            trace(state)


def trace(state: Any) -> None:
    """Go on with a trace, or leave off with None, from within an operator."""
    torch._C._dispatch_tls_set_dispatch_key_excluded(TRACER, False)
    torch._C._set_tracing_state(state)
    torch._C._dispatch_tls_set_dispatch_key_excluded(TRACER, True)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """TimeoutError after so many seconds of a processor."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"not within {seconds} s")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def build(name: str, size: int) -> _Bare:
    """The architecture without memory; where its builder needs values, made and emptied."""
    try:
        with torch.device("meta"):
            return _build(name, size)
    except WeightsError as error:
        if "meta tensor" not in str(error):
            raise
        bare = _build(name, size)
        bare.module.to("meta")
        return bare


@torch.no_grad()
def judge(name: str) -> tuple[str, str]:
    """`sound`, `own size`, `slow` or `refused`, and why."""
    refused = ""
    for size in dict.fromkeys((USUAL, own_size(name))):
        try:
            module = build(name, size).module.eval()
            with torch.device("meta"):
                features = module(torch.zeros(2, 3, size, size))
        except (*UNTRACEABLE, NotImplementedError, WeightsError) as error:
            refused = first_line(error)
            continue
        if not isinstance(features, torch.Tensor) or features.ndim != 2:
            return "refused", "gives no plain features"
        return judge_module(module, size)
    return "refused", refused


def judge_module(module: torch.nn.Module, size: int) -> tuple[str, str]:
    """The same of a network that takes pictures of a size."""
    pictures = torch.zeros(2, 3, size, size, device="meta")
    try:
        with torch.device("meta"), Untraced():
            graph: Any = torch.jit.trace(module, pictures, check_trace=False)
    except (*UNTRACEABLE, NotImplementedError) as error:
        return "refused", first_line(error)
    others = {node.kind() for node in _nodes(graph.inlined_graph)} - OPERATORS
    if others:
        return "refused", f"uses {', '.join(sorted(others))}"
    try:
        _Tracer(module).trace(module)
    except UNTRACEABLE as error:
        return "slow", first_line(error)
    return ("sound", "") if size == USUAL else ("own size", f"{size} pixels alone")


def in_turn(names: list[str]) -> list[str]:
    """The smaller of each family first, so that a run that is cut short has seen all families."""
    families: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda one: (any(big in one for big in BIG), len(one), one)):
        families.setdefault(re.split(r"[\d_.]", name)[0], []).append(name)
    return [name for name in chain(*zip_longest(*families.values())) if name]


def main() -> None:
    """Try what is not in the table yet, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    META.impl("equal", lambda one, other: one is other)
    rows = (
        [json.loads(line) for line in options.table.read_text().splitlines()]
        if options.table.exists()
        else []
    )
    done = {row["name"] for row in rows}
    with options.table.open("a") as table:
        for name in in_turn(options.names or backbone_names()):
            if name in done:
                continue
            begun = time.process_time()
            try:
                with time_limit(LIMIT):
                    verdict, why = judge(name)
            except TimeoutError as error:
                verdict, why = "not tried", str(error)
            rows.append(
                {
                    "name": name,
                    "verdict": verdict,
                    "why": why,
                    "seconds": time.process_time() - begun,
                }
            )
            print(json.dumps(rows[-1]), file=table, flush=True)
    for verdict in sorted({row["verdict"] for row in rows}):
        found = [row for row in rows if row["verdict"] == verdict]
        print(f"{verdict}: {len(found)}")
        for row in found if verdict != "sound" else ():
            print(f"    {row['name']}: {row['why']}")


if __name__ == "__main__":
    main()
