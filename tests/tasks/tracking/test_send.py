"""Sends records to a real MLflow server through a proxy that fails at each possible moment."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.artifacts import download_artifacts
from mlflow.tracking import MlflowClient

from foodcls.runs.outbox import (
    Pending,
    Registration,
    RunRecord,
    Submission,
    keep_record,
    list_pending,
)
from foodcls.store.store import digest_file, digest_of
from foodcls.workspace.workspace import Workspace
from tasks.tracking.model_files import save_model
from tasks.tracking.send import Sent, send_pending

MODEL = b"what an export would be" * 1000
LOSSES = (0.9, 0.5, 0.4)
REQUESTS = 65  # that the record below takes


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.tracking.client.PAUSES", (0, 0))
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    # a person's own setting stands: a failure shows at once
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "w")


@pytest.fixture
def keep(workspace: Workspace, proxy, monkeypatch) -> Callable[..., Pending]:
    """Keep a record of a run with two nested ones and a model, addressed to the proxy."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def make(key: str = "", address: str = proxy.url, ended: float = 2000.0) -> Pending:
        key = key or f"{random.getrandbits(64):x}"
        figures = tuple(("val_loss", loss, epoch) for epoch, loss in enumerate(LOSSES, start=1))
        settings = {f"train.s{number}": "x" * (number * 50) for number in range(120)}
        whole = RunRecord("whole", {"recipe": "r"}, settings, (*figures, ("accuracy", 0.8, 0)),
                        {"name": "r", "digest": "d", "source": "{}", "source_type": "code",
                         "schema": "{}", "profile": "{}"})  # fmt: skip
        rows = (RunRecord("raw", {}, {}, (("n", 3.0, 0),)), RunRecord("filtered", {}, {}, ()))
        model = Registration(f"m-{key}", digest_of(MODEL), {"accuracy": "0.8"}, "# Card")
        runs = (whole, *rows)
        record = Submission(key, key, address, f"e-{key}", ended - 60, ended, runs, model)

        def fill(folder: Path) -> None:
            for number in range(3):
                (folder / "runs" / str(number) / "inner").mkdir(parents=True)
                (folder / "runs" / str(number) / "a.csv").write_text(f"a,{number}\n")
            (folder / "runs" / "0" / "inner" / "b.png").write_bytes(b"png" * 100)
            for name in ("m.pt", "m.pt2", "m.sha256"):
                (folder / name).write_bytes(MODEL)
            save_model(folder / "model", folder / "m.pt", ("a", "b"))

        return keep_record(workspace.records, record, fill)

    return make


def test_a_deleted_experiment_is_named_with_the_command_that_restores_it(
    workspace: Workspace, keep: Callable[..., Pending], tmp_path: Path
) -> None:
    home = f"sqlite:///{tmp_path / 'm.db'}"
    client = MlflowClient(home)
    number = client.create_experiment("e-key", (tmp_path / "artifacts").as_uri())
    client.delete_experiment(number)
    keep("key", address=home)
    trouble = send(workspace).trouble
    assert "deleted the experiment e-key" in trouble and home in trouble
    command = trouble.split("`")[1]
    words = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(command, shell=True, check=True, env=os.environ | words)
    assert not send(workspace).trouble


def send(workspace: Workspace) -> Sent:
    (sent,) = send_pending(workspace)
    return sent


def assert_told_once(url: str, key: str, place: Path) -> None:
    """All of the record is on the server, and nothing of it twice."""
    client = MlflowClient(url)
    experiment = client.get_experiment_by_name(f"e-{key}").experiment_id
    runs = {run.info.run_name: run for run in client.search_runs([experiment])}
    assert set(runs) == {"whole", "raw", "filtered"} and len(client.search_runs([experiment])) == 3
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    whole = runs["whole"]
    assert (whole.info.start_time, whole.info.end_time) == (1_940_000, 2_000_000)
    assert runs["raw"].data.tags["mlflow.parentRunId"] == whole.info.run_id
    assert len(whole.data.params) == 120 and len(whole.data.params["train.s119"]) == 5950
    history = client.get_metric_history(whole.info.run_id, "val_loss")
    assert [(one.step, one.value) for one in history] == list(enumerate(LOSSES, start=1))
    assert len(client.get_metric_history(whole.info.run_id, "accuracy")) == 1
    assert len(whole.inputs.dataset_inputs) == 1
    # files
    place.mkdir(exist_ok=True)
    files = Path(download_artifacts(run_id=whole.info.run_id, dst_path=place, tracking_uri=url))
    assert (files / "a.csv").read_text() == "a,0\n"
    assert (files / "inner" / "b.png").read_bytes() == b"png" * 100
    # the model
    (version,) = client.search_model_versions(f"name = 'm-{key}'")
    assert whole.data.tags["model_version"] == str(version.version) == "1"
    assert version.tags["model_digest"] == digest_of(MODEL) and version.tags["accuracy"] == "0.8"
    assert version.run_id == whole.info.run_id and version.description == "# Card"
    assert_version_is_whole(client, f"m-{key}", place)
    (logged,) = client.search_logged_models([experiment])
    assert logged.status == "READY" and [one.key for one in logged.metrics] == ["accuracy"]


def assert_version_is_whole(client: MlflowClient, name: str, place: Path) -> None:
    (place / name).mkdir(parents=True)
    # MLflow asks the address that was set last who owns a name, whatever it is given
    mlflow.set_tracking_uri(client.tracking_uri)
    folder = download_artifacts(
        f"models:/{name}/1", dst_path=place / name, tracking_uri=client.tracking_uri
    )
    (model,) = Path(folder).rglob("*.pt")
    assert digest_file(model) == digest_of(MODEL)


def test_a_record_is_told_and_gone(
    workspace: Workspace, keep, proxy, tracking_server, tmp_path, capsys
) -> None:
    record = keep().submission
    sent = send(workspace)
    assert not sent.trouble and sent.version == "1" and sent.address == proxy.url
    assert list_pending(workspace.records) == [] == list(send_pending(workspace))
    assert "model" not in capsys.readouterr().err
    assert_told_once(tracking_server.url, record.key, tmp_path)
    # what the sweep below goes through
    assert len(proxy.seen) == REQUESTS


@pytest.mark.parametrize(
    "request_",
    ["runs/create", "runs/log-batch", "model-versions/create",
     *(pytest.param(request, marks=pytest.mark.long) for request in (
         "experiments/create", "runs/log-inputs", "inner/b.png", "runs/outputs", "m.pt",
         "POST /api/2.0/mlflow/logged-models", "registered-models/create", "runs/update"))],
)  # fmt: skip
def test_an_answer_that_is_lost_doubles_nothing(
    workspace: Workspace, keep, proxy, tracking_server, tmp_path: Path, request_: str
) -> None:
    """The server has done what it was asked; from then on it is away."""
    met: list[int] = []

    def plan(number: int, path: str) -> str:
        met.extend([number] if request_ in path else [])
        return "cut" if met and number > met[0] else "lose" if met else "pass"

    assert_broken_is_completed(workspace, keep, proxy, tracking_server, tmp_path, plan)
    assert met


@pytest.mark.long
@pytest.mark.parametrize("fate", ["cut", "lose", 500])
@pytest.mark.parametrize("moment", range(1, REQUESTS + 1))
def test_a_sending_may_break_at_any_request(
    workspace: Workspace, keep, proxy, tracking_server, tmp_path: Path, fate: str | int, moment: int
) -> None:
    def plan(number: int, path: str) -> str | int:
        return "pass" if number < moment else fate

    assert_broken_is_completed(workspace, keep, proxy, tracking_server, tmp_path, plan)


def assert_broken_is_completed(
    workspace: Workspace, keep: Any, proxy: Any, server: Any, place: Path, plan: Any
) -> None:
    record = keep().submission
    proxy.plan = plan
    assert send(workspace).trouble and len(list_pending(workspace.records)) == 1
    versions = MlflowClient(server.url).search_model_versions(f"name = 'm-{record.key}'")
    if versions:
        # never registered before all of it had arrived
        assert_version_is_whole(MlflowClient(server.url), f"m-{record.key}", place)
    proxy.plan = lambda number, path: "pass"
    assert not send(workspace).trouble
    assert_told_once(server.url, record.key, place / "again")


def test_a_server_that_was_killed_is_told_when_it_is_back(
    workspace: Workspace, keep, proxy, tracking_server, tmp_path: Path
) -> None:
    record = keep().submission

    def plan(number: int, path: str) -> str:
        if number == 15:
            tracking_server.kill()
        return "pass"

    proxy.plan = plan
    try:
        assert send(workspace).trouble
    finally:
        tracking_server.start()
    assert not send(workspace).trouble
    assert_told_once(tracking_server.url, record.key, tmp_path)


def test_errors_that_pass_are_waited_out(
    workspace: Workspace, keep, proxy, tracking_server, tmp_path: Path, monkeypatch
) -> None:
    """A third of all answers is an error; Retry-After asks for an hour."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "6")
    draw = random.Random(0)
    record = keep().submission
    proxy.plan = lambda number, path: draw.choice([500, 503, 429, *["pass"] * 6])
    started = time.monotonic()
    sent = [
        one for _ in range(5) if list_pending(workspace.records) for one in send_pending(workspace)
    ]
    assert not sent[-1].trouble and time.monotonic() - started < 120
    proxy.plan = lambda number, path: "pass"
    assert_told_once(tracking_server.url, record.key, tmp_path)


def test_a_file_that_arrives_changed_is_not_registered(
    workspace: Workspace, keep, proxy, tracking_server, tmp_path: Path
) -> None:
    record = keep().submission
    client = MlflowClient(tracking_server.url)

    def plan(number: int, path: str) -> str:
        # what has arrived is damaged on the server before it is read back
        if "GET" in path and (found := client.get_experiment_by_name(f"e-{record.key}")):
            artifacts = tracking_server.folder / "artifacts" / found.experiment_id
            for model in artifacts.rglob("m.pt"):
                # whole at any moment: several files are read back at once
                part = tmp_path / f"{number}.part"
                part.write_bytes(MODEL[:-1] + b"?")
                part.replace(model)
        return "pass"

    proxy.plan = plan
    assert "m.pt did not arrive as sent" in send(workspace).trouble
    assert not client.search_model_versions(f"name = 'm-{record.key}'")
    proxy.plan = lambda number, path: "pass"
    assert not send(workspace).trouble
    assert_told_once(tracking_server.url, record.key, tmp_path)


@pytest.mark.long
def test_a_server_that_never_answers_is_given_up_within_30_seconds(
    workspace: Workspace, keep, monkeypatch
) -> None:
    for name in ("BACKOFF_FACTOR", "MAX_RETRIES"):
        monkeypatch.delenv(f"MLFLOW_HTTP_REQUEST_{name}")
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        keep(address=f"http://127.0.0.1:{deaf.getsockname()[1]}")
        started = time.monotonic()
        assert "timed out" in send(workspace).trouble.lower()
        assert time.monotonic() - started < 30


def test_a_server_that_does_not_answer_is_asked_once_for_all(
    workspace: Workspace, keep, proxy
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for ended in (1.0, 2.0, 3.0):
            keep(address=dead, ended=ended)
        keep(ended=2000.0)
        found = list(send_pending(workspace))
    assert [bool(one.trouble) for one in found] == [True, True, True, False]
    assert len(list_pending(workspace.records)) == 3


def test_the_environment_names_another_server(
    workspace: Workspace, keep, proxy, tracking_server, tmp_path: Path, monkeypatch
) -> None:
    record = keep(address="http://127.0.0.1:9").submission
    monkeypatch.setenv("MLFLOW_TRACKING_URI", proxy.url)
    assert send(workspace).address == proxy.url
    assert_told_once(tracking_server.url, record.key, tmp_path)


def test_a_damaged_record_is_not_sent(workspace: Workspace, keep, proxy) -> None:
    waiting = keep()
    (waiting.folder / "runs" / "1" / "a.csv").write_text("other")
    assert "runs/1/a.csv damaged" in send(workspace).trouble
    assert proxy.seen == []
