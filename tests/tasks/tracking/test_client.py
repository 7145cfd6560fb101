import os
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import (
    asking_once,
    create_once,
    explain,
    find_uri,
    present_address,
    sending_bytes,
    tracking,
)

RETRIES, TIMEOUT = "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", RETRIES, TIMEOUT):
        monkeypatch.delenv(name, raising=False)


def test_without_a_server_runs_land_in_the_workspace(tmp_path: Path) -> None:
    with tracking(Workspace.at(tmp_path / "w")) as client:
        assert client.tracking_uri == f"sqlite:///{tmp_path / 'w' / 'mlflow.db'}"


def test_the_environment_names_the_server_before_the_address(tmp_path: Path, monkeypatch) -> None:
    workspace = Workspace.at(tmp_path / "w")
    assert find_uri(workspace, "http://a") == "http://a"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://team")
    with tracking(workspace, "http://a") as client:
        assert client.tracking_uri == "http://team"


def test_a_database_named_from_the_current_folder_is_found_from_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///runs.db")
    assert present_address() == find_uri(Workspace("w")) == f"sqlite:///{tmp_path}/runs.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/runs.db")
    assert present_address() == f"sqlite:///{tmp_path}/runs.db"


def test_addresses_and_errors_hold_no_password(monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@host:1/x")
    assert present_address() == "https://host:1/x"
    with pytest.raises(MlflowException) as raised:
        try:
            raise TimeoutError("no answer")
        except TimeoutError:
            raise MlflowException("a page of text")  # noqa: B904  (as MLflow does)
    assert explain(raised.value) == "no answer"
    assert explain(ValueError("no https://me:secret@host\nmore")) == "no https://host"
    assert explain(ValueError()) == "ValueError"


def test_patience_is_bounded_for_our_calls_only(tmp_path: Path, monkeypatch) -> None:
    workspace = Workspace.at(tmp_path / "w")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://team")
    with tracking(workspace):
        assert (os.environ[RETRIES], os.environ[TIMEOUT]) == ("3", "5")
        with asking_once():
            assert os.environ[RETRIES] == "0"
        with sending_bytes(90_000_000):
            assert os.environ[TIMEOUT] == "95"
        assert (os.environ[RETRIES], os.environ[TIMEOUT]) == ("3", "5")
    assert RETRIES not in os.environ and TIMEOUT not in os.environ
    monkeypatch.setenv(RETRIES, "6")
    with tracking(workspace):
        # what a person has set stands
        assert os.environ[RETRIES] == "6"
    assert os.environ[RETRIES] == "6"


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.tracking.client.PAUSES", (0, 0))


@pytest.mark.usefixtures("no_pauses")
def test_what_was_created_although_the_answer_was_lost_is_not_created_again() -> None:
    made: list[str] = []

    def create() -> str:
        made.append("thing")
        raise MlflowException("lost")

    assert create_once(lambda: made[0] if made else None, create) == "thing"
    assert len(made) == 1


@pytest.mark.usefixtures("no_pauses")
def test_what_cannot_be_created_is_tried_three_times() -> None:
    tries: list[int] = []

    def create() -> str:
        tries.append(1)
        raise MlflowException("no")

    with pytest.raises(MlflowException, match="no"):
        create_once(lambda: None, create)
    assert len(tries) == 3
