"""Runs go on, or end with a word, while the servers around them go away."""

import contextlib
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from mlflow.tracking import MlflowClient
from prefect.settings import PREFECT_API_URL

from foodcls.store.store import digest_file


class Relay:
    """Passes connections on to a server, until it is closed: then there is nobody."""

    def __init__(self, upstream: int, port: int = 0) -> None:
        self.upstream = upstream
        self.open: list[socket.socket] = []
        self.door = socket.create_server(("127.0.0.1", port))
        self.port = int(self.door.getsockname()[1])
        Thread(target=self._welcome, daemon=True).start()

    def close(self) -> None:
        # a thread that waits in accept() would hold it open
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        for one in self.open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _welcome(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self.door.accept()
                there = socket.create_connection(("127.0.0.1", self.upstream))
                self.open += [here, there]
                Thread(target=self._pass_on, args=(here, there), daemon=True).start()

    def _pass_on(self, here: socket.socket, there: socket.socket) -> None:
        other = {here: there, there: here}
        with contextlib.suppress(OSError), here, there:
            while True:
                for one in select.select([here, there], [], [])[0]:
                    if not (data := one.recv(65536)):
                        return
                    other[one].sendall(data)


@pytest.fixture
def relay(prefect_server: None) -> Iterator[Relay]:
    address = str(PREFECT_API_URL.value())
    relay = Relay(int(address.rpartition(":")[2].partition("/")[0]))
    yield relay
    with contextlib.suppress(OSError):
        relay.close()


@pytest.mark.runs("foodcls sync")
def test_a_run_without_its_tracking_server_is_told_of_by_the_next(
    starter, recipe: Path, change, tracking_server, free_port, tmp_path: Path
) -> None:
    """Nobody listens at the address that it was given; later the server does."""
    change("name: patches", "name: away")
    space, port = starter.new_space(tmp_path / "w"), free_port()
    url = f"http://127.0.0.1:{port}"
    away = {"MLFLOW_TRACKING_URI": url, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    ended = starter.run(recipe, space=space, environment=away)
    assert ended.code == 0 and "refused" in ended.result["mlflow_waiting"], ended.err
    assert "foodcls sync" in ended.out and "Traceback" not in ended.err + ended.out
    model = Path(ended.result["model_path"])
    assert digest_file(model) == ended.result["model_digest"]

    arrived = Relay(tracking_server.port, port)
    again = starter.run(recipe, space=space, environment=away)
    assert again.result["mlflow_waiting"] == "" and again.result["registered_version"] == "1"
    assert [path.name for path in (space / "records").iterdir()] == [".lock"]
    # the same run, repeated because it could not be told of: it is there once
    client = MlflowClient(url)
    experiment = client.get_experiment_by_name("away").experiment_id
    (run,) = client.search_runs([experiment])
    assert run.info.status == "FINISHED" and run.info.run_id == again.result["mlflow_run_id"]
    # its seconds are those of the run that did the work
    assert run.data.metrics["stage/train_seconds"] == ended.result["seconds"]["train"]
    starter.start("sync", space=space)
    assert starter.wait().out == "0 sent, 0 left\n"
    arrived.close()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_prefect_server_that_goes_away_costs_no_finished_work(
    relay: Relay, starter, recipe: Path, tmp_path: Path
) -> None:
    """It does not come back: the flow at work does what it has begun, then says why it ends."""
    space = starter.new_space(tmp_path / "w")
    words = [sys.executable, "-m", "flows.cli.main", "run", recipe, "--workspace", space]
    environment = starter.environment | {
        "PREFECT_API_URL": f"http://127.0.0.1:{relay.port}/api",
        "PREFECT_CLIENT_MAX_RETRIES": "1",
    }
    lines = []
    with subprocess.Popen(words, env=environment, text=True, stderr=subprocess.PIPE,
                          stdout=subprocess.DEVNULL) as run:  # fmt: skip
        assert run.stderr
        for line in run.stderr:
            lines.append(line)
            if line.startswith("  inspect "):
                relay.close()
    said = "".join(lines)
    assert run.returncode == 1 and "Traceback" not in said, said
    assert "the Prefect server went away during the run" in said
    assert "run the same command again" in said
    assert [line.split()[0] for line in lines if line.endswith(" s\n")][-2:] == ["split", "augment"]
    again = starter.run(recipe, space=space)
    assert again.code == 0 and set(again.result["cached"]) >= {"collect", "inspect", "augment"}


@pytest.mark.runs("foodcls verify")
@pytest.mark.long
def test_a_torn_picture_reaches_neither_training_nor_an_export(
    starter, recipe: Path, tmp_path: Path
) -> None:
    """As a power cut may leave them: as many bytes as before, but other ones."""
    space = starter.new_space(tmp_path / "w")
    whole = starter.run(recipe, space=starter.new_space(tmp_path / "whole"))
    starter.start("prepare", recipe, space=space)
    assert starter.wait().code == 0
    blobs = [path for path in (space / "store" / "blobs").glob("??/*")
             if path.read_bytes()[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0")]  # fmt: skip
    for path in blobs:
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    ended = starter.run(recipe, space=space)
    assert ended.code == 1 and "was damaged and is set aside" in ended.err
    assert not list((space / "models").glob("*")) if (space / "models").exists() else True
    starter.start("verify", "--mend", space=space)
    mended = starter.wait()
    assert mended.code == 1 and f"{len(blobs)} damaged; set aside" in mended.out
    assert "a picture of reds" in mended.out
    again = starter.run(recipe, space=space)
    assert again.code == 0 and again.result["model_digest"] == whole.result["model_digest"]
    starter.start("verify", space=space)
    assert starter.wait().code == 0


@pytest.mark.long
@pytest.mark.parametrize(("action", "code"), [("int", 130), ("term", 143)])
def test_a_run_that_is_told_to_stop_does_so_and_goes_on(
    starter, recipe: Path, tmp_path: Path, action: str, code: int
) -> None:
    space = starter.new_space(tmp_path / "w")
    starter.start("run", recipe, space=space, action=action, at=2,
                  event="foodcls.train.loop:lr_factor", after="augment")  # fmt: skip
    ended = starter.wait()
    stopped = time.time() - float((starter.folder / "out.acted").read_text())
    assert ended.code == code and stopped < 30, ended.err
    assert "stopped; what is finished is kept" in ended.err and "Traceback" not in ended.err
    again = starter.run(recipe, space=space)
    assert again.code == 0 and set(again.result["cached"]) >= {"collect", "augment"}
