"""Moves pictures to another class in a real browser, with real clicks and keys."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser_fixtures import SAVED

from foodcls.review.decision_files import ReviewFiles
from foodcls.review.gallery import Suspect


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(4)


@pytest.fixture
def page(browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame) -> Any:
    """The page of a first visit; the second and third picture look like bread."""
    suspects = {manifest["id"][place]: Suspect(place, "looks like bread") for place in (1, 2)}
    browser.open(serve(visit(manifest, suspects)).url)
    return browser


def labels(page: Any, path: Path) -> dict[str, str]:
    page.value(SAVED)
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {row["id"]: row.get("label", "") for row in csv.DictReader(file)}


def test_a_key_and_letters_of_a_class_move_a_picture_and_undo_brings_it_back(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    first = manifest["id"][0]
    page.press("ArrowRight", "ArrowRight", "l")
    assert page.value("document.activeElement.id") == "relabel-name"
    page.press(*"rea")
    assert page.value("document.querySelectorAll('#relabel-names li').length") == 1
    page.press("Enter")
    assert labels(page, files.decisions) == {first: "bread"}
    assert page.value(f"document.getElementById('p-{first}').querySelector('.note').textContent"
                      ) == "moved to bread"  # fmt: skip
    # the next picture is here, and the field is gone
    assert page.value("document.querySelector('.card.here').dataset.id") == manifest["id"][3]
    # in its new class it says where it came from; nothing was lost by going there
    page.press("]")
    page.wait("document.querySelector('#label').textContent === 'bread'")
    assert page.value(f"document.getElementById('p-{first}').querySelector('.note').textContent"
                      ) == "was pesto"  # fmt: skip
    page.press("u")
    page.wait("document.querySelector('#label').textContent === 'pesto'")
    assert labels(page, files.decisions) == {}


def test_the_guess_is_one_key_and_several_go_together(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    page.press("ArrowRight", shift=True)
    page.press("g")
    assert labels(page, files.decisions) == dict.fromkeys(manifest["id"][1:3], "bread")
    page.press("g")
    page.wait("document.querySelector('#toast').textContent.includes('No class is guessed')")
    page.press("u")
    page.wait("document.querySelectorAll('.card.moved').length === 0")
    assert labels(page, files.decisions) == {}


def test_by_mouse_a_class_is_chosen_from_the_list(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    page.click(".card.here .guess")
    assert labels(page, files.decisions) == {manifest["id"][1]: "bread"}
    page.click(".card:nth-child(4)")
    page.click(".card.here .labelit")
    page.click("#relabel-names [data-label=bread]")
    assert labels(page, files.decisions)[manifest["id"][3]] == "bread"
    assert page.value("relabel.hidden")


def test_the_zoomed_picture_is_relabeled_and_escape_only_leaves_the_list(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    page.press("Enter", "l", "Escape")
    assert page.value("[relabel.hidden, zoom.open]") == [True, True]
    page.press("l", "Enter")
    page.wait("document.querySelector('#place').textContent === '2 / 4'")
    # before any letter the guess stands first
    assert labels(page, files.decisions) == {manifest["id"][1]: "bread"}
