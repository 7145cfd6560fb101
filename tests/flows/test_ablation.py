"""Runs an ablation on drawn patches, with a duplicate, a person's drops and boxes."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow.tracking import MlflowClient
from PIL import Image
from typer.testing import CliRunner

from flows.ablation import DATASETS, ablate
from flows.cli.main import app
from foodcls.recipe.recipe import load_recipe
from foodcls.report.ablation_table import summarize_ablation

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ablation") / "space"


@pytest.fixture(scope="module")
def overrides(shared_recipe: Path) -> dict[str, Any]:
    """Overrides: three pictures are dropped by hand, every one is cut to a box; one comes twice."""
    photos = shared_recipe.parent / "photos"
    names = sorted(path.relative_to(photos).as_posix() for path in photos.glob("*/*.png"))
    drops = [f"{name},0,blurred\n" for name in names if name.endswith("-3.png")]
    (photos.parent / "filter.csv").write_text("path,keep,reason\n" + "".join(drops))
    boxes = [f"{name},90,70,{name.split('/')[0]},5,5,80,60\n" for name in names]
    head = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    (photos.parent / "boxes.csv").write_text(head + "".join(boxes))
    for name in names[:6]:
        Image.open(photos / name).convert("RGB").save((photos / name).with_suffix(".webp"))
    return {"filter.manifest": "filter.csv", "crop.boxes": "boxes.csv", "train.epochs": 1}


@pytest.fixture(scope="module")
def first(
    prefect_server: None, shared_recipe: Path, overrides: dict[str, Any], space: Path
) -> dict[str, Any]:
    """As it is typed; read back from the file for programs."""
    answer = space.parent / "answer.json"
    changes = [word for name, value in overrides.items() for word in ("--set", f"{name}={value}")]
    words = ["ablate", str(shared_recipe), "--workspace", str(space), "--json", str(answer)]
    done = CliRunner().invoke(app, [*words, *changes])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


@pytest.mark.runs("foodcls ablate")
def test_a_recipe_becomes_the_table_of_four_data_sets(first: dict[str, Any], space: Path) -> None:
    rows = first["rows"]
    assert tuple(row["dataset"] for row in rows) == DATASETS
    raw, filtered, cropped, grown = (row["trained_on"] for row in rows)
    assert raw > filtered == cropped < grown == 36
    assert all(row["n"] == first["tests"] == first["tests_cut"] for row in rows)
    assert not any(row["is_same_set"] for row in rows)
    assert json.loads((space / "ablation.json").read_text())["rows"] == rows
    assert list(pd.read_csv(space / "ablation.csv")["dataset"]) == list(DATASETS)


def test_every_row_is_a_run_nested_in_the_run_of_the_table(
    first: dict[str, Any], space: Path
) -> None:
    client = MlflowClient(f"sqlite:///{space / 'mlflow.db'}")
    parent = client.get_run(first["mlflow_run_id"])
    runs = client.search_runs(
        [parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    assert {run.data.tags["dataset"] for run in runs} == set(DATASETS)
    figures = {run.data.tags["dataset"]: run.data.metrics for run in runs}
    for row in first["rows"]:
        assert figures[row["dataset"]]["accuracy"] == pytest.approx(row["accuracy"])
        assert figures[row["dataset"]]["stage/trained_on"] == row["trained_on"]
    assert parent.data.tags["stage"] == "ablation" and parent.info.status == "FINISHED"
    # each row says which pictures it saw
    seen = {run.inputs.dataset_inputs[0].dataset.digest for run in runs}
    assert len(seen) == len(DATASETS)
    # all four were asked about the same pictures
    tables = [pd.read_csv(client.download_artifacts(run.info.run_id, "predictions.csv"))
              for run in runs]  # fmt: skip
    assert all(list(table["id"]) == list(tables[0]["id"]) for table in tables)


def test_the_table_can_be_read_in_prefects_ui(first: dict[str, Any], shown) -> None:
    rows = json.loads(shown("ablation-patches")[0].data)
    assert [row["dataset"] for row in rows] == list(DATASETS)


def test_a_second_ablation_learns_nothing_anew(
    first: dict[str, Any], shared_recipe: Path, overrides: dict[str, Any], space: Path
) -> None:
    again = summarize_ablation(ablate(load_recipe(shared_recipe, overrides), space))
    assert again["rows"] == first["rows"]
    # making the table and recording it is done each time
    assert len(again["seconds"]) - len(again["cached"]) == 2 and first["cached"] == []
