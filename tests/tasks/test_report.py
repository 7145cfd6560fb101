"""What the stage writes; the page itself is looked at in tests/foodcls/judge."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from foodcls.manifest import new_manifest, save_manifest
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.predictions import Predictions, predictions_csv, read_predictions
from foodcls.recipe.recipe import load_recipe
from foodcls.recipe.train_settings import Train
from foodcls.runs.run_result import Reported
from foodcls.store.store import digest_of
from foodcls.train.checkpoint import Checkpoint, EpochReport
from foodcls.workspace.workspace import Workspace
from tasks.report import report

CHECKPOINT = Checkpoint(
    weights="w", labels=("a", "b"), settings=Train(weights="none", epochs=1),
    pretrained_digest="p", license="mit", mean=(0.5,) * 3, std=(0.2,) * 3, threads=1, best_epoch=1,
    reports=(EpochReport(1, 1.0, 0.5, 1.1, 0.4, 1.5, 1.0, 1e-3),), train_count=2, val_count=1,
    data_digest="d",
)  # fmt: skip


@pytest.fixture
def reported(tmp_path: Path, judged, noise, encode, make_run) -> Reported:
    workspace = Workspace.at(tmp_path / "w")
    (tmp_path / "r.yaml").write_text(
        "name: lunch\nclasses: [{name: a}, {name: b}]\ncollect: {folder: .}\n"
        "report: {looks: looks.csv}\n"
    )
    blobs = [workspace.store.put(encode(noise(number))) for number in range(4)]
    (tmp_path / "looks.csv").write_text(f"id,keep,label\n{blobs[2]},1,b\n{blobs[3]},0,\n")
    rows = [{"id": blob, "picture": blob, "label": "ab"[place % 2], "state": "kept",
             "split": "test"} for place, blob in enumerate(blobs)]  # fmt: skip
    pictures = save_manifest(new_manifest(rows), workspace.store, "augment")
    truth = np.array([0, 1, 0, 1])
    answers = Predictions(("a", "b"), tuple(blobs), tuple(blobs), ("",) * 4, truth,
                      np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]))  # fmt: skip
    scores: Evaluation = dataclasses.replace(
        judged([[1, 1], [0, 2]], ("a", "b")),
        predictions=workspace.store.put(predictions_csv(answers).encode()),
    )
    workspace.manifest.write_text("the table of pictures")
    run = make_run(
        grown=pictures, checkpoint=CHECKPOINT, scores=scores, model=SimpleNamespace(blob="b" * 64)
    )
    return report.task.fn(workspace, load_recipe(tmp_path / "r.yaml"), run.trained)


def test_everything_lies_in_the_workspace(reported: Reported, tmp_path: Path) -> None:
    assert reported.path == str(tmp_path / "w" / "report.html") == reported.files[0]
    assert {Path(file).name for file in reported.files} == {
        "report.html", "predictions.csv", "confusion.csv", "confusion.png",
    }  # fmt: skip
    assert all(Path(file).stat().st_size for file in reported.files)
    assert not list((tmp_path / "w").glob("*.part"))
    # by which it can be told whether the table beside it is still its own
    assert digest_of(b"the table of pictures") in Path(reported.path).read_text()


def test_the_page_names_settings_and_digests(reported: Reported) -> None:
    page = Path(reported.path).read_text("utf-8")
    for text in ("lunch", "train.backbone", "resnet34", "b" * 64, CHECKPOINT.digest):
        assert text in page
    # the one mistake, with its picture
    assert page.count("data:image/jpeg;base64,") == 1


def test_answers_can_be_read_back(reported: Reported, tmp_path: Path) -> None:
    answers = read_predictions((tmp_path / "w" / "predictions.csv").read_text("utf-8"))
    assert answers.right.tolist() == [1, 1, 0, 1]


def test_what_a_person_saw_on_test_pictures_is_told(reported: Reported) -> None:
    page = Path(reported.path).read_text("utf-8")
    assert "A person has seen 2 of the 4 test pictures" in page
    assert "1 show another class than their label and 1 show none of the classes" in page
    assert "Of the 1 that show a class, 1 are named right" in page
