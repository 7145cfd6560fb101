"""Runs the whole job on drawn patches: real Prefect server, real MLflow on SQLite."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import mlflow
import pandas as pd
import pytest
import torch
import uvicorn
from click.testing import Result
from mlflow.pyfunc import scoring_server
from mlflow.tracking import MlflowClient
from typer.testing import CliRunner

from flows.ablation import ablate
from flows.cli.compare import compare
from flows.cli.main import app
from flows.cli.pages.listen import open_port
from flows.prepare import prepare
from flows.train import train
from foodcls.errors import (
    CollectError,
    FoodclsError,
    InputError,
    RecipeError,
    StoreError,
    TableError,
)
from foodcls.manifest import VOLATILE
from foodcls.recipe.recipe import load_recipe
from foodcls.runs.run_result import summarize
from foodcls.store.store import digest_file
from foodcls.tables.manifest_csv import read_manifest

pytestmark = pytest.mark.usefixtures("prefect_server")
STAGES = ["collect", "inspect", "dedup", "filter", "crop", "split", "augment"]
MODEL_STAGES = ["train", "calibrate", "evaluate", "export"]
# what a recipe gives that says nothing of it
FORMATS = {"export.formats": ["torchscript", "exported_program"]}


@pytest.fixture(scope="module")
def shared_space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "space"


@pytest.fixture(scope="module")
def typed(prefect_server: None, shared_recipe: Path, shared_space: Path) -> tuple[Any, str]:
    """One run, typed, which costs seconds and which many tests look at: its result, what it said.

    The command sets up logging for its process, which here is that of all tests.
    """
    logger, answer = logging.getLogger("foodcls"), shared_space.parent / "out" / "result.json"
    before = [*logger.handlers], logger.level, logger.propagate
    done = type_in("run", shared_recipe, "--workspace", shared_space, "--json", answer,
                   "--set", f"export.formats={json.dumps(FORMATS['export.formats'])}")  # fmt: skip
    logger.handlers, logger.level, logger.propagate = before
    assert done.exit_code == 0, done.output
    return json.loads(answer.read_text()), done.output


def type_in(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def first(typed: tuple[Any, str]) -> dict[str, Any]:
    """The result of that run."""
    result: dict[str, Any] = typed[0]
    return result


@pytest.fixture(scope="module")
def second(first: dict[str, Any], shared_recipe: Path, shared_space: Path) -> dict[str, Any]:
    """The result of a run in the same workspace that trains for an epoch only."""
    return summarize(train(load_recipe(shared_recipe, {"train.epochs": 1}), shared_space))


@pytest.fixture
def space(tmp_path: Path) -> Path:
    return tmp_path / "space"


@pytest.mark.parametrize("flow", [train, ablate], ids=["train", "ablate"])
def test_trainers_that_a_workers_environment_asks_for_are_checked_first(
    flow: Any, shared_recipe: Path, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOODCLS_TRAINERS", "2x4@10.0.0.5:65536")
    with pytest.raises(InputError, match="FOODCLS_TRAINERS='2x4@10.0.0.5:65536'"):
        flow.fn(load_recipe(shared_recipe), space)
    assert not (space / "manifest.csv").exists()


def test_a_recipe_becomes_a_complete_run(first: dict[str, Any], shared_space: Path) -> None:
    result, space = first, shared_space
    client = MlflowClient(f"sqlite:///{space / 'mlflow.db'}")
    run = client.get_run(result["mlflow_run_id"])
    assert run.info.status == "FINISHED"
    # parameters, metrics and tags
    assert run.data.params["train.lr"] == "0.01" and run.data.params["split.val"] == "0.25"
    metrics = run.data.metrics
    for name in ("accuracy", "accuracy_low", "accuracy_high", "n", "average_position",
                 "average_position_micro"):  # fmt: skip
        assert metrics[name] == pytest.approx(result[name])
    assert metrics["stage/augment_kept"] == result["stage_counts"]["augment"]["kept"]
    losses = client.get_metric_history(result["mlflow_run_id"], "val_loss")
    assert [point.step for point in losses] == [1, 2, 3]
    assert run.inputs.dataset_inputs[0].dataset.digest == run.data.tags["dataset_digest"][:32]
    # files
    files = {file.path for file in client.list_artifacts(result["mlflow_run_id"])}
    model = Path(result["model_path"])
    assert {"confusion.csv", "confusion.png",
            "manifest.csv", "predictions.csv", "report.html", "stages.md", "patches.yaml",
            model.name, f"{model.stem}.pt2", f"{model.stem}.sha256",
            f"{model.stem}.attribution.csv", f"{model.stem}.CREDITS.md",
            f"{model.stem}.MODEL_CARD.md"} <= files  # fmt: skip
    assert result["report_path"] == str(space / "report.html")
    page = Path(result["report_path"]).read_text("utf-8")
    assert result["model_digest"] in page and run.data.tags["dataset_digest"] in page
    # the model: a TorchScript file with its labels inside, registered with a signature
    assert list(torch.jit.load(model).labels) == ["reds", "greens", "blues"]
    assert digest_file(model) == result["model_digest"]
    version = client.get_model_version("patches", result["registered_version"])
    assert version.tags["model_digest"] == result["model_digest"]
    assert version.run_id == result["mlflow_run_id"]
    assert version.description.startswith("# Model card of patches")


def test_registered_model_answers_pictures_with_labels(
    first: dict[str, Any], shared_recipe: Path, shared_space: Path
) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{shared_space / 'mlflow.db'}")
    served = mlflow.pyfunc.load_model(f"models:/patches/{first['registered_version']}")
    photos = [
        shared_recipe.parent / "photos" / label / f"{label}-0.png" for label in ("reds", "blues")
    ]
    answers = served.predict(pd.DataFrame({"image": [photo.read_bytes() for photo in photos]}))
    assert list(answers["label"]) == ["reds", "blues"]
    assert {"p_reds", "p_greens", "p_blues", "probability"} <= set(answers)
    assert list(answers["unsure"]) == [False, False] and list(answers["guess"]) == ["reds", "blues"]
    assert served.metadata.signature.inputs.input_names() == ["image"]


@pytest.mark.parametrize("serving", ["served_here", pytest.param("served", marks=pytest.mark.long)])
def test_registered_model_is_served_over_http(
    request: pytest.FixtureRequest, serving: str, shared_recipe: Path
) -> None:
    photo = (shared_recipe.parent / "photos" / "greens" / "greens-2.png").read_bytes()
    asked = {"dataframe_split": {"columns": ["image"], "data": [[b64encode(photo).decode()],
                                                                ["bm8gcGljdHVyZQ=="]]}}  # fmt: skip
    url = request.getfixturevalue(serving)
    good, bad = ask(f"{url}/invocations", asked)["predictions"]
    assert good["label"] == "greens" and good["p_greens"] == pytest.approx(good["probability"])
    assert good["guess"] == "greens" and good["unsure"] is False
    assert sum(good[f"p_{label}"] for label in ("reds", "greens", "blues")) == pytest.approx(1)
    assert "not_an_image" in bad["error"] and not bad["label"]


@pytest.fixture
def served_here(first: dict[str, Any], shared_space: Path) -> Iterator[str]:
    """MLflow's server of a model in this process, where all that it imports is there already."""
    mlflow.set_tracking_uri(f"sqlite:///{shared_space / 'mlflow.db'}")
    model = mlflow.pyfunc.load_model(f"models:/patches/{first['registered_version']}")
    with open_port("127.0.0.1", 0) as door:
        server = uvicorn.Server(uvicorn.Config(scoring_server.init(model), log_level="error"))
        serving = Thread(target=server.run, args=([door],))
        serving.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        serving.join()


@pytest.fixture
def served(
    first: dict[str, Any], shared_space: Path, free_port: Callable[[], int]
) -> Iterator[str]:
    """The same as it is typed: two processes that import everything."""
    port = free_port()
    words = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local",
             "--model-uri", f"models:/patches/{first['registered_version']}",
             "--port", str(port)]  # fmt: skip
    # mlflow looks for uvicorn on the PATH, where an activated environment is
    place = os.environ | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{shared_space / 'mlflow.db'}",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with subprocess.Popen(words, env=place, start_new_session=True) as server:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def ask(url: str, body: dict[str, Any]) -> Any:
    """Post JSON to a server that is still starting."""
    request = urllib.request.Request(url, json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})  # fmt: skip
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(url)


@pytest.mark.runs("foodcls run")
def test_the_command_writes_its_result_and_says_where_to_look(typed: tuple[Any, str]) -> None:
    result, said = typed
    assert {"accuracy", "accuracy_low", "accuracy_high", "n", "average_position",
            "average_position_micro", "per_class", "stage_counts", "model_path", "mlflow_run_id",
            "registered_version", "seconds"} <= set(result)  # fmt: skip
    assert set(result["per_class"]) == {"reds", "greens", "blues"}
    for words in (
        result["model_path"],
        "mlflow ui --workers 1 \\\n  --backend-store-uri",
        "prefect server start",
    ):
        assert words in said
    assert result["accuracy_low"] <= result["accuracy"] <= result["accuracy_high"]


@pytest.mark.runs("foodcls predict")
def test_predict_uses_the_model(first: dict[str, Any], shared_recipe: Path, tmp_path: Path) -> None:
    model = Path(shutil.copy(first["model_path"], tmp_path))
    shutil.copy(Path(first["model_path"]).with_suffix(".sha256"), tmp_path)
    photos, answer = shared_recipe.parent / "photos", tmp_path / "answer.json"
    (tmp_path / "broken.png").write_bytes(b"no picture")
    photo = photos / "blues" / "blues-1.png"
    named = type_in("predict", model, photo, tmp_path / "broken.png", "--json", answer)
    good, bad = json.loads(answer.read_text())
    assert named.exit_code == 1 and "not_an_image" in bad["error"] and bad["label"] is None
    assert good["label"] == "blues" and sum(good["probabilities"].values()) == pytest.approx(1)
    whole = type_in("predict", model, photos, "--json", answer)
    assert whole.exit_code == 0 and len(json.loads(answer.read_text())) == 36

    table = tmp_path / "answers.csv"
    some = type_in("predict", model, photos / "b*" / "*-1*.png", "--csv", table)
    assert some.exit_code == 0
    answers = pd.read_csv(table)
    assert list(answers["label"]) == ["blues"] * 3
    assert answers["p_blues"].to_list() == pytest.approx(answers["probability"].to_list())
    names = ["label", "guess", "probability", "known", "unsure", "none", "error"]
    assert list(answers)[:8] == ["path", *names]
    none = type_in("predict", model, photos / "z*")
    assert none.exit_code == 2 and "no pictures" in none.output
    model.write_bytes(model.read_bytes() + b" ")
    changed = type_in("predict", model, photo)
    assert changed.exit_code == 2 and f"{model.name} was changed" in changed.output


def test_a_second_run_is_cached_and_names_the_record_of_the_first(
    first: dict[str, Any], shared_recipe: Path, shared_space: Path
) -> None:
    again = summarize(train(load_recipe(shared_recipe, FORMATS), shared_space))
    # as the file for programs has it
    again = json.loads(json.dumps(again))
    assert first["cached"] == [] and again["cached"] == STAGES + MODEL_STAGES
    assert first["recorded_anew"] and not again["recorded_anew"]
    same = ("accuracy", "per_class", "stage_counts", "model_digest", "registered_version",
            "model_path", "mlflow_run_id")  # fmt: skip
    assert all(first[name] == again[name] for name in same)
    assert count_records(shared_space, first) == (1, 1)


def count_records(space: Path, result: dict[str, Any]) -> tuple[int, int]:
    """Runs and registered versions of exactly that model."""
    client = MlflowClient(f"sqlite:///{space / 'mlflow.db'}")
    same = f"tags.model_digest = '{result['model_digest']}'"
    experiment = client.get_experiment_by_name("patches").experiment_id
    versions = client.search_model_versions(f"name = 'patches' and {same}")
    return len(client.search_runs([experiment], same)), len(versions)


def test_two_models_are_compared_by_any_of_their_names(
    first: dict[str, Any], second: dict[str, Any], shared_space: Path, tmp_path: Path
) -> None:
    records = []
    for a, b in (
        (first["mlflow_run_id"], f"patches/{second['registered_version']}"),
        (first["model_path"], str(shared_space)),
    ):
        page = tmp_path / "compare.html"
        records.append(compare(a, b, shared_space, page))
        changed = len(records[-1]["won"]) + len(records[-1]["lost"])
        assert page.read_text("utf-8").count("data:image/jpeg;base64,") >= changed
    for record in records:
        assert record["test"]["n"] == first["n"]
        assert record["test"]["a"]["accuracy"]["value"] == pytest.approx(first["accuracy"])
        assert record["test"]["b"]["accuracy"]["value"] == pytest.approx(second["accuracy"])
        # both learnt from the pictures of this workspace: nothing to doubt
        assert (record["won"], len(record["sentences"])) == (records[0]["won"], 3)


def test_a_change_recomputes_only_what_it_touches(
    second: dict[str, Any], shared_recipe: Path, shared_space: Path
) -> None:
    assert second["cached"] == STAGES
    prepared = prepare(load_recipe(shared_recipe, {"augment.per_class": 10}), shared_space)
    assert [step.name for step in prepared.steps if step.cached] == STAGES[:-1]


def test_an_added_picture_is_seen(recipe: Path, space: Path) -> None:
    prepare(load_recipe(recipe), space)
    photos = recipe.parent / "photos"
    (photos / "blues" / "new.png").write_bytes((photos / "reds" / "reds-0.png").read_bytes())
    assert not prepare(load_recipe(recipe), space).found.cached
    table = pd.read_csv(space / "manifest.csv", dtype=str, keep_default_na=False)
    # the same picture under two labels teaches neither
    twins = table[table["origin"].str.endswith(("new.png", "reds-0.png"))]
    assert list(twins["state"]) == ["dropped", "dropped"]
    assert twins["reason"].str.contains("label").all()


def test_the_same_recipe_gives_the_same_model_bit_for_bit(
    first: dict[str, Any], shared_recipe: Path, shared_space: Path, space: Path
) -> None:
    """SEED fault 6: nothing could be repeated."""
    again = summarize(train(load_recipe(shared_recipe, FORMATS), space))
    assert again["cached"] == [] and again["model_digest"] == first["model_digest"]
    prepare(load_recipe(shared_recipe), shared_space)
    tables = [read_manifest(folder / "manifest.csv") for folder in (space, shared_space)]
    pd.testing.assert_frame_equal(*(table.drop(columns=VOLATILE) for table in tables))


def test_every_row_of_the_manifest_tells_its_story(recipe: Path, space: Path) -> None:
    (recipe.parent / "photos" / "reds" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    prepare(load_recipe(recipe), space)
    table = pd.read_csv(space / "manifest.csv", dtype=str, keep_default_na=False)
    assert {"id", "label", "origin", "outcome", "state", "stage", "reason", "duplicate_of",
            "split", "parent", "box"} <= set(table)  # fmt: skip
    assert (table["outcome"] != "").all()
    dropped = table[table["state"] == "dropped"]
    assert (dropped["reason"] != "").all() and (dropped["stage"] != "").all()
    kept = table[table["state"] == "kept"]
    train_rows = kept[kept["split"] == "train"]
    assert train_rows.groupby("label").size().to_dict() == {"reds": 12, "greens": 12, "blues": 12}
    # SEED fault 2: copies stand in training only, and so do their parents
    copies = kept[kept["parent"] != ""]
    assert len(copies) and set(copies["split"]) == {"train"}
    parents = table[table["id"].isin(copies["parent"]) & (table["parent"] == "")]
    assert set(parents["split"]) == {"train"}


def test_too_few_pictures_end_the_flow_with_a_table(recipe: Path, space: Path,
                                                     change: Callable) -> None:  # fmt: skip
    change("min_per_class: 5", "min_per_class: 13")
    with pytest.raises(CollectError, match="greens"):
        prepare(load_recipe(recipe), space)


def test_a_wrong_recipe_ends_before_anything_runs(recipe: Path, space: Path,
                                                  change: Callable) -> None:  # fmt: skip
    change("val: 0.25", "val: 1.5")
    with pytest.raises(RecipeError, match=r"split.val = 1.5"):
        train(load_recipe(recipe), space)
    assert not space.exists()


def test_a_wrong_table_ends_the_flow_before_pictures_are_collected(
    recipe: Path, space: Path
) -> None:
    (recipe.parent / "filter.csv").write_text("path,keep\na.png,perhaps\n")
    with pytest.raises(TableError, match="perhaps"):
        prepare(load_recipe(recipe, {"filter.manifest": "filter.csv"}), space)
    assert not (space / "store" / "blobs").exists()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("train.backbone", "resnet3", "resnet34"), ("train.trainable", ["layer9"], "layer4")],
)
def test_a_network_that_cannot_be_built_ends_before_pictures_are_collected(
    recipe: Path, space: Path, key: str, value: object, said: str
) -> None:
    with pytest.raises(FoodclsError, match=said):
        train(load_recipe(recipe, {key: value}), space)
    assert not (space / "manifest.csv").exists() and not (space / "store" / "blobs").exists()


def test_a_second_run_in_the_same_workspace_is_refused(recipe: Path, space: Path) -> None:
    hold = (
        "import sys; from pathlib import Path; from foodcls.workspace.lock import holding\n"
        "with holding(Path(sys.argv[1])): print('in', flush=True); input()"
    )
    space.mkdir()
    with subprocess.Popen([sys.executable, "-c", hold, str(space)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one:  # fmt: skip
        assert one.stdout and one.stdout.readline() == "in\n"
        with pytest.raises(StoreError, match=f"in use by process {one.pid}"):
            prepare(load_recipe(recipe), space)
        one.communicate("\n")
    assert not (space / "manifest.csv").exists()
    prepare(load_recipe(recipe), space)
