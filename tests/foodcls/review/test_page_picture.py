"""Shows the page at work on the drawn sample: `make pictures` puts what it shows into docs/."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_fixtures import SAVED
from PIL import Image
from serving import Serving

from flows.cli.pages.review import open_visit

ROOT = Path(__file__).resolve().parents[3]
SIZE = (1280, 800)  # pixels; docs/ holds pictures of less than 150 kB
FIRST = "[...document.querySelectorAll('.card')].slice(0, 8)"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The page of the drawn sample, looked through by a program and not by a person yet."""
    # without what a person has decided and drawn: there would be nothing left to do
    recipe = tmp_path / "sample.yaml"
    # `make pictures` keeps it: the next time only what has changed is computed
    workspace = Path(os.environ.get("FOODCLS_PICTURES_WORKSPACE", tmp_path / "workspace"))
    lines = (ROOT / "recipes" / "sample.yaml").read_text().splitlines(keepends=True)
    recipe.write_text("".join(one for one in lines if not one.startswith(("filter:", "crop:"))))
    program = Path(sys.executable).with_name("foodcls")
    for command in ("prepare", "suspects", "propose"):
        subprocess.run([program, command, recipe, "--workspace", workspace], check=True)
    visit = open_visit(recipe, workspace)
    with Serving(visit.app, visit.opened):
        yield visit.url


def work(page: Any) -> None:
    """Accept and keep two good pictures, then drop the worst suspects up to one with a flag."""
    page.press(*["ArrowRight"] * 4, *"akak", "Home", *"ddd")
    page.value(SAVED)
    page.wait("!document.querySelector('#toast').matches(':popover-open')")


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_page_at_work_shows_suspects_boxes_flags_and_reasons(
    browser: Any, address: str, tmp_path: Path
) -> None:
    browser.resize(*SIZE)
    browser.open(address + "#pasta_with_pesto")
    shown: Callable[[str], Any] = lambda name: browser.value(  # noqa: E731
        f"{FIRST}.filter((card) => card.matches('{name}')).length"
    )
    assert shown(".suspect") == 8
    work(browser)
    browser.wait(f"{FIRST}.every((card) => card.querySelector('img').naturalWidth)")
    assert (shown(".drop"), shown(".keep")) == (3, 2)
    assert "low-information" in browser.value("document.querySelector('.here .note').textContent")
    assert browser.value("document.querySelectorAll('.here rect.proposed').length") == 1
    assert not browser.value("document.querySelector('#bar').hidden")
    browser.shoot(tmp_path / "shot.png")
    # few enough colors for a small file, as many as a drawn dish needs
    with Image.open(tmp_path / "shot.png") as image:
        small = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    folder = Path(os.environ.get("FOODCLS_PICTURES", tmp_path))
    small.save(folder / "review.png", optimize=True)
    assert (folder / "review.png").stat().st_size < 150_000
