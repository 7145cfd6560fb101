"""Asks a real MLflow store which of its versions used a picture."""

from pathlib import Path

import mlflow

from foodcls.manifest import new_manifest
from foodcls.tables.manifest_csv import write_manifest
from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import tracking
from tasks.tracking.uses import VersionUse, versions_using


def test_versions_are_named_with_their_aliases_and_splits(
    tmp_path: Path,
) -> None:
    workspace = Workspace.at(tmp_path / "w")
    assert list(versions_using(workspace, ["1"])) == []
    rows = [{"id": "1", "split": "train"}, {"id": "2", "split": "test"}, {"id": "3"},
            {"id": "9", "parent": "1", "split": "train"}]  # fmt: skip
    with tracking(workspace) as client:
        experiment = client.create_experiment("soups", workspace.artifacts.as_uri())
        client.create_registered_model("Ann's soups")
        client.create_registered_model("soups")
        for kept in (rows[:1], rows, None):
            run = client.create_run(experiment).info.run_id
            if kept is not None:
                write_manifest(new_manifest(kept), workspace.manifest)
                client.log_artifact(run, str(workspace.manifest))
            client.create_model_version("soups", f"{workspace.artifacts.as_uri()}/{run}", run)
        # a file of that name that is none of ours
        workspace.manifest.write_text("a,b\n")
        run = client.create_run(experiment).info.run_id
        client.log_artifact(run, str(workspace.manifest))
        client.create_model_version("Ann's soups", f"{workspace.artifacts.as_uri()}/{run}", run)
        client.set_registered_model_alias("soups", "champion", "2")
    mlflow.set_tracking_uri(None)
    found = {one.version: one for one in versions_using(workspace, ["1", "2"])
             if one.name == "soups"}  # fmt: skip
    assert found["1"] == VersionUse("soups", "1", (), {"train": 1})
    assert found["2"] == VersionUse("soups", "2", ("champion",), {"train": 1, "test": 1})
    assert found["3"].trouble and not found["3"].counts
    both = [(one.name, one.version) for one in versions_using(workspace, ["2"])]
    assert sorted(both) == [("Ann's soups", "1"), ("soups", "2"), ("soups", "3")]
