"""The Prefect server of a run: refused when it is away, and never left behind."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prefect import context
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    temporary_settings,
)
from typer.testing import CliRunner

from flows.cli import prefect_server
from flows.cli.main import app
from flows.cli.prefect_server import server_starting
from foodcls.errors import ServerError

# starts what would run on, as a run does its server
OWNER = """
import subprocess, sys, time
from flows.cli.prefect_server import _end_with_us
server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
_end_with_us(server.pid)
print(server.pid, flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_server_ends_with_a_run_that_is_killed() -> None:
    """That of a run that ends is gone as well: test_main.py looks."""
    with subprocess.Popen([sys.executable, "-c", OWNER], text=True, stdout=subprocess.PIPE) as run:
        assert run.stdout
        server = int(run.stdout.readline())
        assert is_alive(server)
        run.send_signal(signal.SIGKILL)
    for _ in range(200):
        if not is_alive(server):
            return
        time.sleep(0.1)
    raise TimeoutError(f"process {server} lives on")


@contextmanager
def settings(**changes: Any) -> Iterator[None]:
    """Prefect's settings for a while, in threads as well."""
    with (
        temporary_settings(**changes),
        context._temporary_global_settings_context(context.get_settings_context()),
    ):
        yield


def test_a_temporary_server_that_is_too_slow_is_tried_again_and_then_told_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = f"open({str(tmp_path / 'tries')!r}, 'a').write('.'); import time; time.sleep(600)"
    monkeypatch.setattr(prefect_server, "SERVER", ("-c", slow))
    with (
        settings(updates={PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: 1},
                 restore_defaults={PREFECT_API_URL}),
        pytest.raises(ServerError, match="not start in 3 tries.* run the same command again"),
        server_starting(),
    ):  # fmt: skip
        pass
    assert (tmp_path / "tries").read_text() == "..."


def test_a_server_that_is_away_is_refused_at_the_start(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    for name in "ab":
        (tmp_path / "photos" / name).mkdir(parents=True)
    recipe.write_text("name: r\nclasses: [{name: a}, {name: b}]\ncollect: {folder: photos}\n")
    words = ["prepare", str(recipe), "--workspace", str(tmp_path / "w")]
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        api = f"http://127.0.0.1:{closed.getsockname()[1]}/api"
        with settings(updates={PREFECT_API_URL: api}):
            done = CliRunner().invoke(app, words)
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    assert f"no Prefect server there: {api}/health" in done.stderr
    assert "prefect server start" in done.stderr and not (tmp_path / "w/manifest.csv").exists()
