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
    """The process was told to stop, by a signal that is kept as Prefect's own exception does."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = number


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
    except BaseException as error:
        code = _code_of(error)
        if code is None:
            raise
        err.print(SAID, highlight=False)
        raise typer.Exit(code) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _code_of(error: BaseException | None) -> int | None:
    """The exit code of the signal that an error comes of, if it comes of one.

    What ends a flow may fail in turn, as its server may have been told to stop too.
    """
    while error is not None:
        # Stopped has it, and Prefect's own, while a flow runs
        number = getattr(error, "signal", None)
        if isinstance(number, int) and not isinstance(error, Exception):
            return 128 + number
        error = error.__context__
    return None


def _cut_off(code: int) -> None:
    err.print(SAID, highlight=False)
    os._exit(code)
