from pathlib import Path

import pytest

from foodcls.runs.outbox import Submission, keep_record
from foodcls.workspace.doctor import check_workspace, run_checks
from foodcls.workspace.services import Check
from foodcls.workspace.workspace import Workspace


def named(checks: list[Check], name: str) -> Check:
    return next(check for check in checks if check.name.startswith(name))


def test_every_fault_comes_with_what_to_do(tmp_path: Path) -> None:
    checks = list(run_checks(tmp_path, {"TORCH_HOME": str(tmp_path)}))
    assert all(check.mend for check in checks if not check.is_fine)
    assert all(check.is_fine for check in checks if check.is_needed)


def test_downloaded_weights_are_found_where_torch_keeps_them(tmp_path: Path) -> None:
    place = tmp_path / "hub" / "checkpoints" / "resnet34-b627a593.pth"
    assert not named(
        list(run_checks(tmp_path, {"TORCH_HOME": str(tmp_path)})), "weights of r"
    ).is_fine
    place.parent.mkdir(parents=True)
    place.touch()
    assert named(list(run_checks(tmp_path, {"TORCH_HOME": str(tmp_path)})), "weights of r").is_fine


@pytest.mark.parametrize(
    ("variable", "name", "mend"),
    [("PREFECT_API_URL", "Prefect", "prefect server start"),
     ("MLFLOW_TRACKING_URI", "MLflow", "mlflow/serve.sh")],
)  # fmt: skip
def test_a_server_that_does_not_answer_is_named(
    tmp_path: Path, variable: str, name: str, mend: str
) -> None:
    # port 9 (discard) of loopback: nobody listens
    check = named(list(run_checks(tmp_path, {variable: "http://127.0.0.1:9"})), name)
    assert not check.is_fine and mend in check.mend and "127.0.0.1:9" in check.text


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "w")


def look(workspace: Workspace) -> dict[str, Check]:
    return {one.name: one for one in check_workspace(workspace)}


def test_a_workspace_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    (check,) = check_workspace(Workspace(tmp_path / "none"))
    assert check.is_fine and not list(tmp_path.iterdir())


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
    record = Submission("k", "o", "", "soups", 1.0, 2.0, ())
    keep_record(workspace.records, record, lambda folder: folder.mkdir(parents=True))
    workspace.store.set_aside(workspace.store.put(b"torn"))
    found = look(workspace)
    assert found["records"].text == "1 wait for MLflow" and "foodcls sync" in found["records"].mend
    damaged = found["damaged blobs"]
    assert "1 set aside" in damaged.text
    assert "foodcls verify" in damaged.mend and "gc" in damaged.mend
    assert not found["records"].is_needed and not damaged.is_needed
