"""Runs deleted in a real MLflow store of a workspace."""

from pathlib import Path

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import local_tracking
from tasks.tracking.gc import find_deleted, find_registered, free_deleted


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "w")


def record(
    client: MlflowClient, workspace: Workspace, name: str, *, registers: bool = False
) -> str:
    """A run with a file and a logged model; its id."""
    found = client.get_experiment_by_name("soups")
    place = (workspace.root / "mlartifacts").as_uri()
    experiment = found.experiment_id if found else client.create_experiment("soups", place)
    run = client.create_run(experiment, run_name=name).info.run_id
    file = workspace.root / f"{name}.bin"
    file.write_bytes(b"x" * 1000)
    client.log_artifact(run, str(file))
    model = client.create_logged_model(experiment, "model", run)
    folder = workspace.root / f"{name}-model"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}\n" + "#" * 500)
    client.log_model_artifacts(model.model_id, str(folder))
    client.finalize_logged_model(model.model_id, "READY")
    if registers:
        mlflow.register_model(f"models:/{model.model_id}", "soups")
    client.set_terminated(run)
    return str(run)


@pytest.mark.runs("mlflow gc")
def test_files_of_deleted_runs_go_and_those_of_others_and_of_versions_stay(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # whatever server the environment names
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert find_deleted(workspace) == []
    with local_tracking(workspace) as client:
        kept, loose, served = (record(client, workspace, name, registers=name == "served")
                               for name in ("kept", "loose", "served"))  # fmt: skip
        for run in (loose, served):
            client.delete_run(run)
    found = {one.run_id: one for one in find_deleted(workspace)}
    assert set(found) == {loose, served}
    assert found[loose].size > 1500 and len(found[loose].models) == 1
    # a registered version outlives its run
    assert found[served].size == 1000 and found[served].models == ()

    artifacts = workspace.root / "mlartifacts"
    files = {path for path in artifacts.rglob("*") if path.is_file()}
    free_deleted(workspace, list(found.values()))
    gone = files - {path for path in artifacts.rglob("*") if path.is_file()}
    assert sorted(path.name for path in gone) == ["MLmodel", "loose.bin", "served.bin"]
    assert find_deleted(workspace) == []
    with local_tracking(workspace) as client:
        assert client.get_run(kept).info.status == "FINISHED"
        assert client.search_model_versions("name = 'soups'")
    free_deleted(workspace, [])


def test_registered_versions_name_their_models(workspace: Workspace) -> None:
    assert find_registered(workspace) == frozenset()
    with local_tracking(workspace) as client:
        client.create_registered_model("soups")
        for digest in ("a" * 64, "b" * 64):
            client.create_model_version("soups", "file:///x", tags={"model_digest": digest})
    assert find_registered(workspace) == {"a" * 64, "b" * 64}
