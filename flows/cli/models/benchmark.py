"""Measures all formats of a model on this machine, prints them, and logs them to MLflow."""

import os
import platform
from pathlib import Path
from typing import Any

from rich.text import Text

from flows.cli.output import command_in, find_manifest, print_whole, say
from foodcls.errors import ServerError
from foodcls.export.benchmark import HEADS, benchmark, cells, markdown
from foodcls.export.exported_files import FORMATS, sibling
from foodcls.export.load import load_model
from foodcls.export.predict_tests import is_trained_on
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace
from tasks.engine.checkpoints import find_checkpoint
from tasks.engine.progress import bars
from tasks.tracking.benchmark import log_benchmark


def run_benchmark(model: Path, folder: Path, threads: int, seconds: float) -> dict[str, Any]:
    """Print the table and give it for programs."""
    loaded, manifest = load_model(model), read_manifest(find_manifest(folder))
    workspace = Workspace.at(folder)
    checkpoint = find_checkpoint(workspace, loaded.provenance.get("checkpoint", ""))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = threads or cores or 1
    rows = list(
        benchmark(model, loaded.labels, loaded.size, checkpoint, manifest, workspace.store,
                  threads, seconds, bars)
    )  # fmt: skip
    print_whole([[Text(cell) for cell in line] for line in (HEADS, *map(cells, rows))])
    processor = next(iter(_cpu_lines("model name")), "") or platform.machine()
    about = {"base": rows[0].name, "threads": threads, "processor": processor, "VNNI": _has_vnni(),
             "backbone": loaded.provenance.get("train.backbone", ""),
             "load average": f"{os.getloadavg()[0]:.1f}"}  # fmt: skip
    if not is_trained_on(loaded, manifest):
        about["accuracy"] = "perhaps too good: it learnt from other pictures than this manifest's"
    say("; ".join(f"{name} {value}" for name, value in about.items()))
    if checkpoint is None:
        why = f"{workspace.root} does not have the checkpoint"
        say(f"no row of eager torch: {why}; run its recipe again there", style="yellow")
    measured = {row.name for row in rows}
    for form, kind in FORMATS.items():
        if form not in measured and (path := sibling(model, kind.ending)).exists():
            typed = command_in(folder, "export", model, "--format", form)
            say(f"no row of {path.name}: it is a program, and not of {folder}; write it anew by "
                f"{typed}", style="yellow")  # fmt: skip
    record = {"model": str(model), "digest": loaded.digest, **about,
              "formats": [row.record() for row in rows]}  # fmt: skip
    try:
        name = loaded.provenance.get("recipe", "")
        told = log_benchmark(workspace, name, loaded.digest, record, markdown(rows, about))
    except ServerError as error:
        told = f"not logged to MLflow: {error}"
    say(told)
    return record


def _cpu_lines(name: str) -> list[str]:
    """What Linux says of the first core."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [value.strip() for line in lines for key, _, value in [line.partition(":")]
            if key.strip() == name][:1]  # fmt: skip


def _has_vnni() -> str:
    flags = " ".join(_cpu_lines("flags")).split()
    if not flags:
        return "unknown"
    return "yes" if {"avx512_vnni", "avx_vnni"} & set(flags) else "no"
