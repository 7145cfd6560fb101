"""Finds runs in a real MLflow store."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from mlflow.tracking import MlflowClient

from foodcls.errors import InputError, TableError
from foodcls.metrics.predictions import Predictions, predictions_csv
from foodcls.recipe.recipe import load_recipe
from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import tracking
from tasks.tracking.history import find_latest, recorded_answers


def test_the_latest_run_of_a_whole_recipe_is_found(tmp_path: Path) -> None:
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.create_experiment("lunch", artifact_location=tmp_path.as_uri())
    assert find_latest(client, experiment) is None
    for number, stage in enumerate(("train", "train", "ablation")):
        tags = {"stage": stage, "dataset_digest": f"d{number}"}
        run = client.create_run(experiment, start_time=1_700_000_000_000 + number, tags=tags)
        client.log_param(run.info.run_id, "train.lr", number)
    latest = find_latest(client, experiment)
    assert latest.params == {"train.lr": "1"} and latest.tags["dataset_digest"] == "d1"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace.at(tmp_path_factory.mktemp("recorded") / "w")


@pytest.fixture(scope="module")
def run_id(workspace: Workspace) -> str:
    """A run with predictions, registered as version 1 of `lunch`, its champion."""
    path = workspace.root / "r.yaml"
    path.write_text("name: lunch\nclasses: [{name: a}, {name: b}]\ncollect: {folder: .}\n")
    recipe = load_recipe(path)
    answers = Predictions(
        ("a", "b"), ("i",), ("o",), ("tray",), np.array([1]), np.array([[0.2, 0.8]])
    )
    with tracking(workspace) as client:
        place = (workspace.root / "mlartifacts").as_uri()
        run = client.create_run(client.create_experiment(recipe.name, place))
        client.log_text(run.info.run_id, predictions_csv(answers), "predictions.csv")
        client.create_registered_model("lunch")
        client.create_model_version("lunch", run.info.artifact_uri, run.info.run_id)
        client.set_registered_model_alias("lunch", "champion", "1")
        return str(run.info.run_id)


@pytest.mark.parametrize(
    "name", ["RUN", "runs:/RUN", "lunch@champion", "models:/lunch@champion", "lunch/1"]
)
def test_a_run_is_found_by_each_of_its_names(workspace: Workspace, run_id: str, name: str) -> None:
    found = recorded_answers(workspace, name.replace("RUN", run_id))
    assert found.labels == ("a", "b") and found.groups == ("tray",)


@pytest.mark.parametrize("name", ["lunch@challenger", "lunch/7", "dinner/1", "f" * 32, "a.pth"])
def test_what_is_not_recorded_is_refused_by_name(
    workspace: Workspace, run_id: str, name: str
) -> None:
    with pytest.raises(InputError, match=name) as caught:
        recorded_answers(workspace, name)
    assert "MODEL@ALIAS" in str(caught.value)


def test_a_run_without_predictions_is_refused(workspace: Workspace, run_id: str) -> None:
    with tracking(workspace) as client:
        bare = client.create_run("1").info.run_id
    with pytest.raises(InputError, match="no such run with a predictions.csv"):
        recorded_answers(workspace, bare)


def test_a_run_of_an_older_kind_says_what_is_wrong(workspace: Workspace, run_id: str) -> None:
    with tracking(workspace) as client:
        older = client.create_run("1").info.run_id
        client.log_text(older, "id,label\nx,a\n", "predictions.csv")
    with pytest.raises(TableError, match="no table of answers"):
        recorded_answers(workspace, older)


def test_without_a_store_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # MLflow leaves the address of its last store there
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(InputError, match="has no mlflow.db"):
        recorded_answers(Workspace(tmp_path / "none"), "lunch@champion")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_files_of_a_workspace_stay_together_wherever_it_goes(
    workspace: Workspace, run_id: str, tmp_path: Path, how: str
) -> None:
    first = shutil.copytree(workspace.root, tmp_path / "first")
    assert recorded_answers(Workspace(first), "lunch/1").labels == ("a", "b")
    there = tmp_path / "it's elsewhere"
    (Path.rename if how == "moved" else shutil.copytree)(first, there)
    if how == "copied":
        shutil.rmtree(first / "mlartifacts")
    assert recorded_answers(Workspace(there), "lunch/1").labels == ("a", "b")
    with tracking(Workspace(there)) as client:
        experiment = client.get_experiment_by_name("lunch")
        new = client.create_run(experiment.experiment_id)
        client.log_text(new.info.run_id, "x", "x.txt")
        version = client.get_model_version("lunch", "1")
        places = [new.info.artifact_uri, experiment.artifact_location, version.source]
        assert all(place.startswith((there / "mlartifacts").as_uri()) for place in places)
    assert not (first / "mlartifacts").exists()
    assert len(list(there.rglob("x.txt"))) == 1
