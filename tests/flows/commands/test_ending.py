"""Errors and signals end a command with a line and an exit code."""

import signal
import subprocess
import sys
import time

import pytest
import typer
from rich.console import Console

from flows.commands.ending import SAID, stoppable, told
from foodcls.errors import InputError, StoreError

BUSY = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from rich.console import Console
from flows.commands import ending

ending.GRACE = 1.0
with ending.stoppable(Console(stderr=True)):
    print("ready", flush=True)
    if sys.argv[1] == "willing":
        time.sleep(60)
    # leaving the block waits for the thread, which does not hear of signals
    with ThreadPoolExecutor() as pool:
        pool.submit(time.sleep, 60)
        time.sleep(60)
"""


@pytest.mark.parametrize("kind", ["willing", "deaf"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_within_seconds(kind: str, number: int, code: int) -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY, kind], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:  # fmt: skip
        assert process.stdout and process.stdout.readline() == "ready\n"
        started = time.monotonic()
        process.send_signal(number)
        _, said = process.communicate()
    assert time.monotonic() - started < 20
    # outside of a command nobody turns the exception into the code
    assert process.returncode == code if kind == "deaf" else SAID in said
    assert SAID in said.replace("\n", " ")


def test_signals_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with stoppable(Console()):
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


@pytest.mark.parametrize(("error", "code"), [(InputError("[a] b"), 2), (StoreError("[a] b"), 1)])
def test_an_error_is_one_message_and_an_exit_code(
    error: Exception, code: int, capsys, monkeypatch
) -> None:
    monkeypatch.setattr("flows.commands.ending.speak_plainly", lambda: None)
    with pytest.raises(typer.Exit) as end, told(Console()):
        raise error
    assert end.value.exit_code == code and capsys.readouterr().out == "error: [a] b\n"
