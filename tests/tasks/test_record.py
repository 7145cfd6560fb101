"""Records runs into a real MLflow store; what a whole run holds is tested with the flows."""

import subprocess
import sys
import threading
from pathlib import Path

from mlflow.tracking import MlflowClient

from foodcls.recipe.recipe import Recipe, load_recipe
from foodcls.runs.outbox import RunRecord, list_pending
from foodcls.workspace.workspace import Workspace
from tasks.tracking.model_files import draft_record
from tasks.tracking.send import Sent, submit

RECIPE = """\
name: NAME
classes: [{name: a}, {name: b}]
collect: {folder: .}
"""


def make_recipe(folder: Path, name: str) -> Recipe:
    folder.mkdir(exist_ok=True)
    (folder / "r.yaml").write_text(RECIPE.replace("NAME", name))
    return load_recipe(folder / "r.yaml")


def tell_small(workspace: Workspace, recipe: Recipe, value: float = 1.0) -> Sent:
    figures = tuple(("n", value, epoch) for epoch in range(5))
    draft = draft_record(recipe, f"{recipe.name} {value}", [], (RunRecord("run", {}, {}, figures),))

    def fill(folder: Path) -> None:
        (folder / "runs" / "0").mkdir(parents=True)
        (folder / "runs" / "0" / "x.txt").write_text("x")

    return submit(workspace, draft, fill)


def test_artifacts_of_a_local_store_stay_in_the_workspace(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    workspace = Workspace.at(tmp_path / "w")
    sent = tell_small(workspace, make_recipe(tmp_path, "local"))
    assert not sent.trouble and list((tmp_path / "w" / "mlartifacts").rglob("x.txt"))
    assert not (tmp_path / "mlruns").exists() and not (tmp_path / "mlartifacts").exists()
    assert list_pending(workspace.records) == []


def test_runs_recorded_from_threads_do_not_mix(tmp_path: Path) -> None:
    """Three threads, three workspaces: each metric lands in its own run of its own store."""
    found: dict[int, list[float]] = {}

    def record(number: int) -> None:
        recipe = make_recipe(tmp_path / str(number), f"recipe{number}")
        workspace = Workspace.at(tmp_path / str(number) / "w")
        sent = tell_small(workspace, recipe, float(number))
        client = MlflowClient(f"sqlite:///{workspace.root / 'mlflow.db'}")
        history = client.get_metric_history(sent.run_id, "n")
        found[number] = [point.value for point in history]

    threads = [threading.Thread(target=record, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [float(number)] * 5 for number in range(3)}


def test_what_cannot_be_sent_waits_and_says_why(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    workspace = Workspace.at(tmp_path / "w")
    sent = tell_small(workspace, make_recipe(tmp_path, "away"))
    assert "refused" in sent.trouble and sent.address == "http://127.0.0.1:9"
    (waiting,) = list_pending(workspace.records)
    assert "secret" not in (waiting.folder / "record.json").read_text() + sent.trouble


def test_a_record_is_kept_while_another_process_sends(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "w")
    workspace.records.mkdir()
    hold = (
        "import sys; from pathlib import Path; from foodcls.workspace.lock import holding\n"
        "with holding(Path(sys.argv[1])): print('in', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(workspace.records)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sender:  # fmt: skip
        assert sender.stdout and sender.stdout.readline() == "in\n"
        sent = tell_small(workspace, make_recipe(tmp_path, "busy"))
        sender.communicate("\n")
    assert "in use by process" in sent.trouble and len(list_pending(workspace.records)) == 1
