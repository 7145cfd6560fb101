"""Signals end a command with a line and an exit code."""

import signal
import subprocess
import sys
import time

import httpx
import pytest
import typer
from prefect.exceptions import TerminationSignal

from flows.cli.prefect_server import server_needed
from flows.cli.signals import SAID, Stopped, stoppable
from foodcls.errors import ServerError

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


@pytest.mark.parametrize("told", [Stopped(signal.SIGTERM), TerminationSignal(signal.SIGTERM)])
def test_a_server_that_ends_by_the_same_signal_is_not_blamed(
    told: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, stoppable(), server_needed():
        try:
            raise told
        finally:
            # as a flow does that reports its end
            raise httpx.ConnectError("refused")
    assert ended.value.exit_code == 143 and SAID in capsys.readouterr().err.replace("\n", " ")


def test_a_server_that_went_away_by_itself_is_named() -> None:
    with pytest.raises(ServerError, match="went away"), stoppable(), server_needed():
        raise httpx.ConnectError("refused")


def test_signals_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with stoppable():
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
