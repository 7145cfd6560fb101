"""Works through doubtful pictures of all classes in a real browser, with real clicks and keys."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from browser_fixtures import SAVED
from decision_rows import decided

from foodcls.review.decision_files import ReviewFiles

EACH = 20
STRANGE = range(8, 20)  # of pesto
MOVED = range(36, 40)  # called bread, and pesto


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(EACH)


@pytest.fixture
def page(browser: Any, ranked: Callable, serve: Callable, manifest: pd.DataFrame) -> Any:
    """The page where strangers and moved labels are doubtful."""
    browser.open(serve(ranked(manifest, STRANGE, MOVED)).url)
    return browser


def shown(page: Any) -> list[str]:
    return page.value("[...document.querySelectorAll('.card')].map((card) => card.dataset.id)")


def seen(page: Any, selector: str) -> str:
    return page.value(f"document.querySelector('{selector}').innerText")


def keep(page: Any, digest: str) -> None:
    """Point at a picture, as a hand does before it clicks, and click on its Keep."""
    box = f"document.querySelector('#p-{digest} img').getBoundingClientRect()"
    x, y = page.value(f"(() => {{ const b = {box}; return [b.x + 20, b.y + 20]; }})()")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    page.click(f"#p-{digest} .keepit")


def test_doubtful_pictures_are_decided_in_groups_and_the_next_ones_come(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    strange = [manifest["id"][place] for place in STRANGE]
    page.press("n")
    page.wait("document.querySelector('#label').textContent === 'Most doubtful'")
    group = shown(page)
    assert set(group) == set(strange) and "40 pictures are undecided" in seen(page, "#progress")
    # its class is told on each, as they are of several
    assert page.value("document.querySelector('.card').dataset.label") == "pesto"
    # one belongs: a click on Keep; one key drops the others
    keep(page, group[2])
    page.press("D", shift=True)
    page.wait("document.querySelector('#progress').innerText.startsWith('28')")
    page.value(SAVED)
    told = decided(files.decisions)
    assert told.pop(group[2])[0] == "1" and set(told.values()) == {("0", "")}
    # then those of another class come first: a click on the guess, and one key keeps the others
    moved = [manifest["id"][place] for place in MOVED]
    assert set(shown(page)[:4]) == set(moved)
    for name in moved:
        page.click(f"#p-{name} .guess")
    page.press("K", shift=True)
    page.value(SAVED)
    told = decided(files.decisions)
    assert {told[name] for name in moved} == {("1", "pesto")}


def test_one_key_takes_the_guess_of_each(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    moved = [manifest["id"][place] for place in MOVED]
    rest = [
        f"{digest},{int(place not in STRANGE)},"
        for place, digest in enumerate(manifest["id"])
        if place not in MOVED
    ]
    files.decisions.write_text("\n".join(["id,keep,reason", *rest, ""]))
    page.press("n")
    page.wait("document.querySelector('#batch').innerText.includes('All 4 are as guessed')")
    page.press("G", shift=True)
    page.wait("document.querySelector('#toast').textContent.includes('4 moved')")
    page.value(SAVED)
    told = decided(files.decisions)
    assert {told[name] for name in moved} == {("1", "pesto")}
    # taken back, the guesses are there again
    page.wait("document.querySelector('#toast').textContent.includes('Nothing is left')")
    page.press("u")
    page.wait("document.querySelectorAll('.card .guess').length === 4", 2)


def test_one_undo_takes_a_group_back(page: Any, manifest: pd.DataFrame, files: ReviewFiles) -> None:
    page.press("n")
    page.wait("document.querySelector('#label').textContent === 'Most doubtful'")
    group = shown(page)
    page.click("#batch button")
    page.wait("document.querySelector('#progress').innerText.startsWith('28')")
    page.value(SAVED)
    page.press("u")
    page.wait("document.querySelector('#toast').textContent.includes('12 pictures are as before')")
    assert not decided(files.decisions) and shown(page) == group
    page.press("Escape")
    page.wait("document.querySelector('#label').textContent === 'pesto'")


def test_look_alikes_are_shown_and_a_drag_selects_a_range(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    first = manifest["id"][STRANGE[0]]
    page.click(f"#p-{first} img")
    page.press("s")
    page.wait("document.querySelector('#label').textContent === 'More like this'")
    near = shown(page)
    assert near[0] == first and set(near[:12]) == {manifest["id"][place] for place in STRANGE}
    middle = [
        page.value(f"(() => {{ const b = document.querySelector('#p-{near[place]} .note')"
                   ".getBoundingClientRect(); return [b.x + b.width / 2, b.y]; })()")
        for place in (0, 3)
    ]  # fmt: skip
    page.drag(*middle)
    assert page.value("document.querySelectorAll('[aria-selected=true]').length") == 4
    # a button on one of them decides about all
    page.click(f"#p-{near[3]} .dropit")
    page.value(SAVED)
    assert set(decided(files.decisions)) == set(near[:4])
    # what is decided stays there, marked
    assert page.value("document.querySelectorAll('.card.drop').length") == 4


def test_a_chance_sample_tells_what_is_left(page: Any, files: ReviewFiles) -> None:
    page.press("c")
    page.wait("document.querySelector('#label').textContent === 'By chance'")
    count = len(shown(page))
    page.press("d")
    page.press("K", shift=True)
    page.wait(f"document.querySelector('#progress').innerText.includes('1 of {count} looked at')")
    assert len(decided(files.decisions)) == count


def test_without_a_ranking_the_page_says_what_to_run(
    browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    session = visit(manifest)
    # whoever looks at test pictures is led by nothing
    browser.open(serve(session).url)
    assert browser.value("document.querySelector('#ways').hidden")
    session.files = replace(files, likeness=files.decisions.with_name("likeness.npz"))
    browser.open("about:blank", "true")
    browser.open(serve(session).url)
    browser.expected = "409"
    browser.press("n")
    browser.wait("document.querySelector('#toast').textContent.includes('foodcls suspects')")


def test_what_was_asked_for_first_and_comes_late_replaces_nothing(page: Any) -> None:
    page.value(
        "(() => { const ask = window.fetch; window.fetch = async (path, ...more) => {"
        "  const answer = await ask(path, ...more);"
        "  if (path.startsWith('doubts')) { await new Promise((done) => setTimeout(done, 300)); "
        "    window.late = true; }"
        "  return answer; }; })()"
    )
    page.press("n", "]")
    page.wait("window.late && document.querySelector('#label').textContent === 'bread'")
    page.value("new Promise((done) => setTimeout(done, 50))")
    assert seen(page, "#label") == "bread"
