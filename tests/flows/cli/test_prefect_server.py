"""The Prefect server of a run: refused when it is away, and never left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

OWN = """
import os, subprocess, time
from flows.cli.output import speak_plainly
speak_plainly()
from flows.cli.prefect_server import server_starting
with server_starting():
    pass
from prefect.client.orchestration import get_client
assert get_client(sync_client=True).hello().status_code == 200
pids = subprocess.check_output(["pgrep", "-f", "-P", str(os.getpid()), "uvicorn"], text=True)
print(int(pids), flush=True)
time.sleep({seconds})
"""


@pytest.fixture
def environment(prefect_home: Path) -> dict[str, str]:
    """As of a person who has set nothing."""
    cleared = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    return cleared | {"PREFECT_HOME": str(prefect_home)}


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def await_end(pid: int) -> None:
    for _ in range(200):
        if not is_alive(pid):
            return
        time.sleep(0.1)
    raise TimeoutError(f"process {pid} lives on")


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(None, id="ended", marks=pytest.mark.long),
    ],
)
def test_the_temporary_server_ends_with_its_run(environment: dict[str, str], number: int) -> None:
    words = [sys.executable, "-c", OWN.format(seconds=600 if number else 0)]
    with subprocess.Popen(words, env=environment, text=True, stdout=subprocess.PIPE) as run:
        assert run.stdout
        server = int(run.stdout.readline())
        if number:
            assert is_alive(server)
            run.send_signal(number)
        run.wait()
    await_end(server)


def test_a_temporary_server_that_is_too_slow_is_tried_again_and_then_told_of(
    environment: dict[str, str],
) -> None:
    slow = {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "1"}
    words = [sys.executable, "-c", OWN.format(seconds=0)]
    done = subprocess.run(words, env=environment | slow, text=True, capture_output=True,
                          check=False, timeout=200)  # fmt: skip
    (line,) = (line for line in done.stderr.splitlines() if ".ServerError: " in line)
    assert "did not start in 3 tries" in line and "run the same command again" in line


def test_a_server_that_is_away_is_refused_at_the_start(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        api = f"http://127.0.0.1:{closed.getsockname()[1]}/api"
        recipe = tmp_path / "r.yaml"
        for name in "ab":
            (tmp_path / name).mkdir()
        recipe.write_text("name: r\nclasses: [{name: a}, {name: b}]\ncollect: {folder: .}\n")
        words = [
            sys.executable,
            "-m",
            "flows.cli.main",
            "prepare",
            recipe,
            "--workspace",
            tmp_path / "w",
        ]
        done = subprocess.run(words, env=environment | {"PREFECT_API_URL": api}, text=True,
                              capture_output=True, check=False, timeout=200)  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"no Prefect server there: {api}/health" in done.stderr
    assert "prefect server start" in done.stderr and not (tmp_path / "w/manifest.csv").exists()
