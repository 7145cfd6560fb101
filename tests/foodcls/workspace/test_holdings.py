from pathlib import Path

import pytest

from foodcls.runs.outbox import Record, keep_record
from foodcls.workspace.finding import Finding
from foodcls.workspace.holdings import look_into
from foodcls.workspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "w")


def look(workspace: Workspace) -> dict[str, Finding]:
    return {one.name: one for one in look_into(workspace)}


def test_a_workspace_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    (finding,) = look_into(Workspace(tmp_path / "none"))
    assert finding.is_fine and not list(tmp_path.iterdir())


def test_sizes_are_told_by_place(workspace: Workspace) -> None:
    workspace.store.put(b"x" * 2000)
    (workspace.root / "mlflow.db").write_bytes(b"x" * 1500)
    (workspace.root / "mlartifacts").mkdir()
    (workspace.root / "mlartifacts" / "a").write_bytes(b"x" * 500)
    found = look(workspace)
    assert found["size of store"].text == "2.0 kB in 1 files"
    assert found["size of MLflow"].text == "2.0 kB in 2 files"
    assert found["size of models"].text == "0 B in 0 files"
    assert found["records"].is_fine and found["damaged blobs"].is_fine


def test_waiting_records_and_damaged_blobs_come_with_their_commands(workspace: Workspace) -> None:
    record = Record("k", "o", "", "soups", 1.0, 2.0, ())
    keep_record(workspace.records, record, lambda folder: folder.mkdir(parents=True))
    workspace.store.set_aside(workspace.store.put(b"torn"))
    found = look(workspace)
    assert found["records"].text == "1 wait for MLflow" and "foodcls sync" in found["records"].mend
    damaged = found["damaged blobs"]
    assert "1 set aside" in damaged.text
    assert "foodcls verify" in damaged.mend and "gc" in damaged.mend
    assert not found["records"].is_needed and not damaged.is_needed
