"""Signals end a command with a line and an exit code."""

import signal
import subprocess
import sys
import time

import pytest

from flows.cli.signals import SAID, stoppable

BUSY = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from flows.cli import signals

signals.GRACE = 1.0
with signals.stoppable():
    if sys.argv[1] == "willing":
        print("ready", flush=True)
        time.sleep(60)
    # leaving the block waits for the thread, which does not hear of signals
    with ThreadPoolExecutor() as pool:
        pool.submit(time.sleep, 60)
        print("ready", flush=True)
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
    with stoppable():
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
