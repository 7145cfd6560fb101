"""Records runs into a real MLflow store; what a whole run holds is tested with the flows."""

import threading
from pathlib import Path

import mlflow
import pytest

from foodcls.recipe import load_recipe
from foodcls.workspace import Workspace
from tasks.tracking import model_signature, open_run, tracking

RECIPE = """\
name: NAME
classes: [{name: a}, {name: b}]
collect: {folder: .}
"""


@pytest.fixture(autouse=True)
def own_tracking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_without_a_server_runs_land_in_the_workspace(tmp_path: Path) -> None:
    with tracking(Workspace.at(tmp_path / "w")) as client:
        assert client.tracking_uri == f"sqlite:///{tmp_path / 'w' / 'mlflow.db'}"


def test_the_environment_names_the_server(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'team.db'}")
    with tracking(Workspace.at(tmp_path / "w")) as client:
        assert client.tracking_uri.endswith("team.db")


def test_artifacts_of_a_local_store_stay_in_the_workspace(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(RECIPE.replace("NAME", "local"))
    plan, space = load_recipe(tmp_path / "r.yaml"), Workspace.at(tmp_path / "w")
    with tracking(space) as client, open_run(client, space, plan, plan.name):
        mlflow.log_text("x", "x.txt")
    assert list((tmp_path / "w" / "mlartifacts").rglob("x.txt"))
    assert not (tmp_path / "mlruns").exists() and not (tmp_path / "mlartifacts").exists()


def test_runs_recorded_from_threads_do_not_mix(tmp_path: Path) -> None:
    """Four threads, four workspaces: each metric lands in its own run of its own store."""
    found: dict[int, list[float]] = {}

    def record(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "r.yaml").write_text(RECIPE.replace("NAME", f"recipe{number}"))
        plan, space = load_recipe(folder / "r.yaml"), Workspace.at(folder / "w")
        with tracking(space) as client, open_run(client, space, plan, plan.name) as run:
            for step in range(5):
                mlflow.log_metric("n", number, step)
            history = client.get_metric_history(run.info.run_id, "n")
            found[number] = [point.value for point in history]

    threads = [threading.Thread(target=record, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [float(number)] * 5 for number in range(4)}


def test_signature_names_the_classes() -> None:
    signature = model_signature(("a", "label"))
    answer = ["label", "guess", "probability", "unsure", "error"]
    assert signature.outputs.input_names() == [*answer, "p_a", "p_label"]
