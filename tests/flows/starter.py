"""Runs `foodcls` in forks of itself, and ends them at a moment that is named, or fills their disk.

A program of its own, asked over its standard input, so that what is slow is imported once for many
real processes. Each line is a job, a JSON object:

words    what is typed after `foodcls`
after    the stage whose line must have been told before events are counted; empty: from the start;
         the exit code is 99 where a run ends well and never told it
event    what is counted: "disk" (whatever opens to write, renames or asks the database below
         `space`; with `match`, only where the path holds that), or `module:function`, each call
at       the number of the event, from 1; 0: none
action   kill, int, term, or fill: leaves `left` bytes free on the disk of `space`
out      where the output goes, and how many events there were after each stage
"""

import gc
import json
import logging
import os
import re
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

SIGNALS = {"kill": signal.SIGKILL, "int": signal.SIGINT, "term": signal.SIGTERM}
NEVER = 99  # the exit code where a run ended without the line that was waited for
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Moment(logging.Handler):
    """Counts events from a stage on, and acts at the one that is named."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__()
        self.job = job
        self.stage = ""
        self.counts: Counter[str] = Counter()
        self.told = {""}  # stages whose line came

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        if words[9:10] == " " and re.search(r" \d+\.\d s(, .*)?$| cached$", words):
            self.stage = words[:9].strip()
            self.told.add(self.stage)

    def count(self) -> None:
        self.counts[self.stage] += 1
        if self.stage == self.job["after"] and self.counts[self.stage] == self.job["at"]:
            self.act()

    def act(self) -> None:
        Path(self.job["out"] + ".acted").write_text(f"{time.time()}")
        if self.job["action"] == "fill":
            fill(Path(self.job["space"]), self.job["left"])
        else:
            os.kill(os.getpid(), SIGNALS[self.job["action"]])

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """An audit hook: knows of all that Python opens and renames."""
        # an error in here would end up anywhere
        writes = event in ("os.rename", "os.remove", "os.mkdir", "sqlite3.connect") or (
            event == "open" and isinstance(args[2], int) and args[2] & WRITING
        )
        path = str(args[0]) if writes else ""
        if path.startswith(self.job["space"]) and self.job["match"] in path:
            self.count()


def fill(folder: Path, left: int) -> None:
    """Write a file that leaves so many bytes free; below 0, empty ones that leave so many more."""
    if left < 0:
        for number in range(os.statvfs(folder).f_favail + left):
            (folder / f"filler-{number}").touch()
        return
    size = max(0, shutil.disk_usage(folder).free - left)
    with (folder / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def wrap(place: str, moment: Moment) -> None:
    """Count the calls of a function, before each."""
    module, _, name = place.partition(":")
    owner = import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    function = getattr(owner, last)

    def counting(*args: Any, **kwargs: Any) -> Any:
        moment.count()
        return function(*args, **kwargs)

    setattr(owner, last, counting)


def run(job: dict[str, Any]) -> int:
    from flows.cli import main

    for handle, ending in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(job["out"] + ending, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), handle)
    os.environ.update(job["environment"])
    moment = Moment(job)
    logging.getLogger("foodcls.stages").addHandler(moment)
    if job["event"] == "disk":
        sys.addaudithook(moment.hear)
    else:
        wrap(job["event"], moment)
    try:
        main.app(job["words"])
    except SystemExit as end:
        if not end.code and job["at"] and job["after"] not in moment.told:
            print(f"no line told of {job['after']!r}: {sorted(moment.told)}", file=sys.stderr)
            return NEVER
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        Path(job["out"] + ".counts").write_text(json.dumps(moment.counts))
    return 0


def main() -> None:
    # what a run needs, imported once, and not looked through for cycles in each fork
    gc.disable()
    for name in (
        "flows.cli.main",
        "flows.train",
        "flows.cli.run",
        "foodcls.runs.run_result",
        "httpx",
        # half of a small run's seconds, if each has to import them for itself
        "foodcls.export.optimize",
        "mlflow.store.tracking.sqlalchemy_store",
    ):
        import_module(name)
    import_module("foodcls.network.model_zoo").import_torchvision()
    import_module("timm.models")
    gc.freeze()
    gc.enable()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.close(0)
            code = run(json.loads(line))
            sys.stdout.flush()
            os._exit(code)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
