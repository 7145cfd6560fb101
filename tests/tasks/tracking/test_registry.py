"""Moves the aliases of a real MLflow registry; how versions get there is tested with the flows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow.tracking import MlflowClient

from foodcls.errors import InputError, ServerError
from foodcls.runs.run_result import Recorded
from foodcls.workspace.workspace import Workspace
from tasks.promote import promote
from tasks.tracking.client import tracking
from tasks.tracking.history import recorded_answers
from tasks.tracking.registry import appoint, crown_best, roll_back

NAME = "lunch"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a registry; making its tables takes seconds."""
    return Workspace.at(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def client(store: Workspace) -> Iterator[MlflowClient]:
    """Four versions of a model; none serves."""
    with tracking(store) as client:
        client.create_registered_model(NAME)
        for number in range(1, 5):
            client.create_model_version(NAME, f"file:///nowhere/{number}")
    yield client
    client.delete_registered_model(NAME)


def serving(client: MlflowClient) -> str:
    return str(client.get_registered_model(NAME).aliases["champion"])


def test_each_rollback_goes_one_champion_further_back(
    store: Workspace, client: MlflowClient
) -> None:
    assert [appoint(store, NAME, version) for version in "1324"] == ["", "1", "3", "2"]
    assert [roll_back(store, NAME) for _ in range(3)] == [("4", "2"), ("2", "3"), ("3", "1")]
    assert serving(client) == "1"
    with pytest.raises(InputError, match="no champion before 1"):
        roll_back(store, NAME)


def test_a_version_that_serves_already_is_not_noted_twice(
    store: Workspace, client: MlflowClient
) -> None:
    assert [appoint(store, NAME, version) for version in "122"] == ["", "1", "2"]
    assert roll_back(store, NAME) == ("2", "1")


def test_a_deleted_champion_is_passed_over(store: Workspace, client: MlflowClient) -> None:
    for version in "123":
        appoint(store, NAME, version)
    client.delete_model_version(NAME, "2")
    assert roll_back(store, NAME) == ("3", "1")


def test_an_alias_that_was_moved_in_the_ui_is_believed(
    store: Workspace, client: MlflowClient
) -> None:
    appoint(store, NAME, "1")
    client.set_registered_model_alias(NAME, "champion", "4")
    assert roll_back(store, NAME) == ("4", "1")


def test_what_was_decided_by_hand_is_a_tag(store: Workspace, client: MlflowClient) -> None:
    for version in "12":
        appoint(store, NAME, version)
    roll_back(store, NAME)
    tags = client.get_model_version(NAME, "2").tags
    assert tags["verdict"] == "rolled back to version 1" and tags["rolled_back"].endswith("Z")
    appoint(store, NAME, "2")
    tags = client.get_model_version(NAME, "2").tags
    assert tags["verdict"] == "promoted by hand" and "rolled_back" not in tags
    assert tags["champion_since"].endswith("Z")


def test_a_version_that_is_not_there_is_refused_with_those_that_are(
    store: Workspace, client: MlflowClient
) -> None:
    with pytest.raises(InputError, match="no version 9 .* known are 1, 2, 3, 4"):
        appoint(store, NAME, "9")
    with pytest.raises(InputError, match="dinner has no version 1 .*foodcls run"):
        appoint(store, "dinner", "1")
    with pytest.raises(InputError, match="dinner has no champion"):
        roll_back(store, "dinner")


def test_where_none_serves_the_most_accurate_before_the_new_one_does(
    store: Workspace, client: MlflowClient
) -> None:
    assert crown_best(client, NAME, "4") == "", "no version tells its accuracy"
    for version, accuracy in zip("1234", ("0.8170", "0.6580", "0.9000", "0.3750"), strict=True):
        client.set_model_version_tag(NAME, version, "accuracy", accuracy)
    # what a person took back does not return
    client.set_model_version_tag(NAME, "3", "rolled_back", "2026-01-01T00:00:00Z")
    assert crown_best(client, NAME, "4") == "1" and serving(client) == "1"
    assert crown_best(client, NAME, "4") == "", "one serves now"


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, free_port) -> str:
    """The address, with a password, of a server that is away."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    port = free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{port}")
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("ask", [
    lambda store: appoint(store, NAME, "1"),
    lambda store: roll_back(store, NAME),
    lambda store: recorded_answers(store, f"{NAME}@champion"),
], ids=["promote", "rollback", "compare"])  # fmt: skip
def test_a_server_that_is_away_is_one_sentence(
    store: Workspace, nobody: str, ask: Callable[[Workspace], object]
) -> None:
    with pytest.raises(
        ServerError, match=f"MLflow at {nobody} failed: .*refused.*start it"
    ) as told:
        ask(store)
    assert "secret" not in str(told.value) and "\n" not in str(told.value)


def test_of_a_database_that_is_none_the_file_is_named(tmp_path: Path, monkeypatch) -> None:
    damaged = tmp_path / "mlflow.db"
    damaged.write_bytes(b"no database" * 99)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{damaged}")
    with pytest.raises(ServerError, match=r"mlflow\.db failed: .*; check that file") as told:
        roll_back(Workspace.at(tmp_path / "w"), NAME)
    assert "start it" not in str(told.value)


def test_what_is_not_recorded_is_not_promoted(make_run) -> None:
    recorded = Recorded("http://a", "", "", "", "m.pt", waiting="connection refused")
    verdict = promote.task.fn(
        SimpleNamespace(), SimpleNamespace(name="r"), make_run(recorded=recorded)
    )
    assert not verdict.is_promoted and "connection refused" in verdict.reason
