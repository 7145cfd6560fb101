"""Ends a command: an error as a message and an exit code, a signal within seconds."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer
from rich.console import Console

from flows.commands.speech import speak_plainly
from foodcls.errors import FoodclsError

# seconds for what is at work to end by itself; cutting it off is safe, it only loses more
GRACE = 5.0
SAID = "stopped; what is finished is kept, the same command goes on from there"


class Stopped(KeyboardInterrupt):
    """The process was told to stop; `code` is the exit code that says so."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


@contextmanager
def told(console: Console) -> Iterator[None]:
    """Show the stages as they end; end an error as one message and its exit code."""
    speak_plainly()
    try:
        yield
    except FoodclsError as error:
        # a message may hold brackets, which rich would take for markup
        console.print("error:", style="bold red", end=" ")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from error


@contextmanager
def stoppable(console: Console) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM in the block into one line and the exit codes 130 and 143."""

    def stop(number: int, frame: FrameType | None) -> None:
        timer = threading.Timer(GRACE, _cut_off, (console, 128 + number))
        timer.daemon = True
        timer.start()
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Stopped as stopped:
        console.print(SAID, highlight=False)
        raise typer.Exit(stopped.code) from stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _cut_off(console: Console, code: int) -> None:
    console.print(SAID, highlight=False)
    os._exit(code)
