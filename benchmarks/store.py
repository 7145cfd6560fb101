"""Times `foodcls gc` and `foodcls verify` on so many blobs, and stops a check to take it up again.

    python benchmarks/store.py --blobs 1000000 --folder blobs

Blobs are 2.5 kB of random bytes; nine of ten are named by a table, which a stage's result names,
and all were written 40 days before. Seconds are those of the clock and of processors; memory is
the most that the command held. A million take 4 GB of the disk, and a few minutes to be written.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from peers import busy, describe_machine

from foodcls.collect.fetch import KIND as FETCHED
from foodcls.manifest import new_manifest, save_manifest
from foodcls.store.disk import format_bytes
from foodcls.workspace.gc import DAY
from foodcls.workspace.workspace import Workspace

SIZE = 2_500  # bytes
NAMED = 0.9
AGE = 40 * DAY
TOLD = "2020-01-01T00:00:00+00:00"


def fill(workspace: Workspace, count: int) -> None:
    """Write the blobs, and what names them."""
    dice, old, names = np.random.default_rng(0), time.time() - AGE, []
    store = workspace.store
    for _ in range(count):
        names.append(store.put(dice.bytes(SIZE)))
        os.utime(store.path(names[-1]), (old, old))
    urls = [f"http://a.test/{number}.jpg" for number in range(count)]
    rows = ({"id": name, "origin": url, "state": "kept"}
            for name, url in zip(names[: round(NAMED * count)], urls, strict=False))  # fmt: skip
    table = save_manifest(new_manifest(rows), store, "crop")
    result = json.dumps({"stage": "crop", "blob": table.blob})
    (workspace.results / "crop").write_text(json.dumps({"result": result}))
    facts = {url: {"fetched_at": TOLD} for url in urls}
    store.remember(FETCHED, facts)


def measure(folder: Path, *words: str, stops: bool = False) -> None:
    """Run a command, stop it once it has kept how far it is if asked to, and print what it took."""
    program = Path(sys.executable).with_name("foodcls")
    begun = time.monotonic()
    with (folder.parent / "told.txt").open("wb") as told:
        process = subprocess.Popen([program, *words, "--workspace", folder], stdout=told,
                                   stderr=told)  # fmt: skip
        if stops:
            # a few blobs are read sooner; one that was waited for tells no more what it used
            left = os.WEXITED | os.WNOHANG | os.WNOWAIT
            while not (Workspace(folder).verifying.exists()
                       or os.waitid(os.P_PID, process.pid, left)):  # fmt: skip
                time.sleep(0.1)
            os.kill(process.pid, signal.SIGINT)
        _, _, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begun
    lines = (folder.parent / "told.txt").read_text(errors="replace").splitlines()
    going_on = next((line.strip() + "; " for line in lines if "going on" in line), "")
    print(f"{' '.join(words)}{', stopped' if stops else ''}: {seconds:.1f} s, "
          f"{used.ru_utime + used.ru_stime:.1f} s of processors, "
          f"{format_bytes(used.ru_maxrss * 1024)}; {going_on}{lines[-1].strip()}; {busy()}",
          flush=True)  # fmt: skip


def main() -> None:
    """Write, and run the commands in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--blobs", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="a new folder; else a temporary one")
    options = parser.parse_args()
    print(f"{describe_machine()}\n{options.blobs:,} blobs", flush=True)
    with tempfile.TemporaryDirectory() as passing:
        folder = (options.folder or Path(passing)).resolve() / "workspace"
        begun = time.monotonic()
        fill(Workspace.at(folder), options.blobs)
        print(f"written in {time.monotonic() - begun:.0f} s", flush=True)
        measure(folder, "verify")
        measure(folder, "verify", stops=True)
        measure(folder, "verify")
        measure(folder, "gc")
        measure(folder, "gc", "--delete")


if __name__ == "__main__":
    main()
