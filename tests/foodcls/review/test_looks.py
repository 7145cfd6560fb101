"""The test pictures on the page: drawn, without what a model says, in a file of their own."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser_fixtures import SAVED

from foodcls.errors import InputError
from foodcls.metrics.predictions import Predictions, predictions_csv
from foodcls.recipe.recipe import load_recipe
from foodcls.review.api import list_classes, list_pictures, take_decision
from foodcls.review.looks import estimate_session, open_looks
from foodcls.review.session import Session
from foodcls.workspace.workspace import Workspace

RECIPE = "name: lunch\nclasses: [{name: pesto}, {name: bread}]\ncollect: {folder: .}\n"


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame], workspace: Path) -> pd.DataFrame:
    """Twelve pictures, of which the odd ones are tests, some of them of an outside test set."""
    tests: dict[int, dict] = {place: {"split": "test"} for place in range(1, 12, 2)}
    tests[3] |= {"source": "test"}
    manifest = pictures(6, tests)
    rows = manifest[manifest["split"] == "test"]
    truth = (rows["label"] == "bread").to_numpy().astype(int)
    answers = np.eye(2)[truth] * 0.8 + 0.1
    answers[0] = answers[0][::-1]
    ids = tuple(rows["id"])
    said = Predictions(("pesto", "bread"), ids, ids, ("",) * len(ids), truth, answers)
    (workspace / "predictions.csv").write_text(predictions_csv(said))
    digest = rows["id"].iloc[0]
    (workspace / "suspects.csv").write_text(f"id,keep,reason\n{digest},0,looks like bread\n")
    return manifest


@pytest.fixture
def session(manifest: pd.DataFrame, workspace: Path, tmp_path: Path) -> Session:
    path = tmp_path / "lunch.yaml"
    path.write_text(RECIPE)
    return open_looks(load_recipe(path), path, Workspace(workspace))


def test_each_test_picture_is_shown_without_what_a_program_says(
    session: Session, manifest: pd.DataFrame
) -> None:
    [batch] = list_classes(session)
    assert batch["name"] == "pictures 1 to 6" and batch["total"] == 6
    shown = list(list_pictures(session, "pictures 1 to 6"))
    assert {one["id"] for one in shown} == set(manifest["id"][manifest["split"] == "test"])
    assert all(one.keys() == {"id", "label", "w", "h", "origin"} for one in shown)
    # class by class: so that a batch is quickly looked through
    assert [one["label"] for one in shown] == sorted(one["label"] for one in shown)


def test_decisions_go_into_a_file_of_their_own_and_move_nothing(
    session: Session, manifest: pd.DataFrame, tmp_path: Path, workspace: Path
) -> None:
    ids = list(manifest["id"][manifest["split"] == "test"])
    take_decision(session, {"ids": [ids[0]], "keep": True, "label": "bread"})
    take_decision(session, {"ids": [ids[1]], "keep": False})
    take_decision(session, {"ids": ids[2:], "keep": True})
    assert not (tmp_path / "filter.csv").exists()
    text = (tmp_path / "test-looks.csv").read_text()
    assert text.splitlines()[1:3] == [f"{ids[0]},1,,bread", f"{ids[1]},0,,"]
    assert [one["total"] for one in list_classes(session)] == [6]
    # boxes may be drawn here, too
    assert [line.text for line in session.files.missing] == [
        "crop: {boxes: boxes.csv}",
        "report: {looks: test-looks.csv}",
    ]
    known = estimate_session(session, Workspace(workspace))
    assert known is not None
    assert (known.n, known.seen, known.strangers, known.relabeled, known.right) == (6, 6, 1, 1, 5)
    assert (known.value, known.low, known.high) == (1, 1, 1)


def test_without_test_pictures_it_says_what_makes_some(
    pictures: Callable, workspace: Path, tmp_path: Path
) -> None:
    pictures(1)
    path = tmp_path / "lunch.yaml"
    path.write_text(RECIPE)
    with pytest.raises(InputError, match="foodcls prepare"):
        open_looks(load_recipe(path), path, Workspace(workspace))


def test_on_the_page_each_card_says_its_class_and_can_be_given_another(
    browser: Any, session: Session, serve: Callable, tmp_path: Path
) -> None:
    browser.open(serve(session).url)
    note = "document.querySelector('.card.here .note').textContent"
    assert browser.value(note) == "bread"
    assert browser.value("document.querySelector('[data-chip=suspects]')") is None
    browser.press("l", *"pes", "Enter")
    browser.value(SAVED)
    with (tmp_path / "test-looks.csv").open(newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["pesto"]
    browser.press("ArrowLeft")
    assert browser.value(note) == "pesto, not bread"
    browser.press("u")
    browser.wait(f"{note} === 'bread' && {SAVED}")
    assert browser.value("document.querySelector('#label').textContent") == "pictures 1 to 6"
    browser.press("k")
    browser.press("K", shift=True)
    browser.wait("document.querySelector('#classes .done')")
