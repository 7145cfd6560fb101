"""Ends a command that is told to stop within seconds, with one line and an exit code."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from flows.cli.output import err

# seconds for what is at work to end by itself; cutting it off is safe, it only loses more
GRACE = 5.0
SAID = "stopped; what is finished is kept, the same command goes on from there"


class Stopped(KeyboardInterrupt):
    """The process was told to stop; `code` is the exit code that says so."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM in the block into one line and the exit codes 130 and 143."""

    def stop(number: int, frame: FrameType | None) -> None:
        timer = threading.Timer(GRACE, _cut_off, (128 + number,))
        timer.daemon = True
        timer.start()
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Stopped as stopped:
        err.print(SAID, highlight=False)
        raise typer.Exit(stopped.code) from stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _cut_off(code: int) -> None:
    err.print(SAID, highlight=False)
    os._exit(code)
