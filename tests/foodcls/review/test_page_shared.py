"""Two tabs, two servers and a spreadsheet work on the same files, in a real browser."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser_fixtures import SAVED, Browser
from decision_rows import rows

from foodcls.review.decision_files import ReviewFiles
from foodcls.review.decisions import Verdict


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(3)


@pytest.fixture
def other(chromium: int) -> Iterator[Browser]:
    """A second tab."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{chromium}/json/new?about:blank", method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        page = Browser(json.load(answer)["webSocketDebuggerUrl"])
    yield page
    page.call("Page.close")
    page.close()


def words(path: Path) -> dict[str, str]:
    return {row["id"]: row["keep"] + row["reason"] for row in rows(path)}


def toast(page: Browser) -> str:
    return str(page.value("document.querySelector('#toast').textContent"))


def test_each_of_two_tabs_sees_the_other_within_two_seconds_and_undoes_its_own(
    browser: Any, other: Browser, visit: Callable, serve: Callable, manifest: pd.DataFrame,
    files: ReviewFiles,
) -> None:  # fmt: skip
    url = serve(visit(manifest)).url
    for page in (browser, other):
        page.open(url)
    browser.press("d")
    browser.value(SAVED)
    other.wait("document.querySelectorAll('.card.drop').length === 1", seconds=2)
    assert "changed elsewhere" in toast(other)
    other.press("u")
    other.wait("document.querySelector('#toast').textContent.includes('Nothing to undo')")
    assert words(files.decisions) == {manifest["id"][0]: "0"}
    other.open("about:blank", "true")


def test_a_tab_that_is_doubled_has_an_undo_of_its_own(
    browser: Any, other: Browser, visit: Callable, serve: Callable, manifest: pd.DataFrame
) -> None:
    url, name = serve(visit(manifest)).url, "sessionStorage.page"
    browser.open(url)
    first = browser.value(name)
    # as the browser copies it into the second tab
    copy = f"{name} ??= {first!r}"
    other.call("Page.addScriptToEvaluateOnNewDocument", source=copy)
    other.open(url)
    assert other.value(name) != first
    browser.call("Page.reload")
    browser.wait("performance.getEntriesByType('navigation')[0].type === 'reload' && "
                 "document.querySelector('.card.here')")  # fmt: skip
    assert browser.value(name) == first
    other.open("about:blank", "true")


def test_a_key_does_not_overwrite_what_was_decided_unseen(
    browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    browser.open(serve(visit(manifest)).url)
    first = manifest["id"][0]
    visit(manifest).decide([first], Verdict(False, "blurred", annotator="Ann"))
    browser.press("k")
    browser.wait("document.querySelector('#toast').textContent.includes('dropped (blurred)')")
    assert words(files.decisions)[first] == "0blurred"
    # what is new elsewhere does not take the words away
    browser.value("document.dispatchEvent(new Event('visibilitychange'))")
    browser.value("new Promise((done) => setTimeout(done, 200))")
    assert "dropped (blurred)" in toast(browser)
    # shown now, and overruled
    browser.press("ArrowLeft", "k")
    browser.value(SAVED)
    assert words(files.decisions)[first] == "1"


def test_a_reason_does_not_drop_again_what_somebody_has_kept_meanwhile(
    browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    browser.open(serve(visit(manifest)).url)
    first = manifest["id"][0]
    browser.press("d")
    browser.value(SAVED)
    visit(manifest).decide([first], Verdict(True, annotator="Ann"))
    browser.wait("document.querySelectorAll('.card.keep').length === 1")
    browser.press("2")
    browser.value(SAVED)
    assert words(files.decisions)[first] == "1"


def test_what_a_spreadsheet_saved_over_is_decided_again_by_a_click(
    browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    files.decisions.write_text(f"id,keep,reason\n{manifest['id'][2]},1,\n")
    browser.open(serve(visit(manifest)).url)
    opened = files.decisions.read_text()
    browser.press("d", "k")
    browser.value(SAVED)
    files.decisions.write_text(opened.replace(",1,", ",0,a cat"))
    browser.wait("!document.querySelector('#lost').hidden", seconds=2)
    assert "2 decisions" in browser.value("document.querySelector('#lost-text').textContent")
    browser.click("#lost-restore")
    browser.wait("document.querySelector('#lost').hidden")
    browser.value(SAVED)
    assert list(words(files.decisions).values()) == ["0a cat", "0", "1"]


def test_a_file_that_breaks_is_told_of_once_it_is_read(
    browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    browser.expected = "409"
    browser.open(serve(visit(manifest)).url)
    files.decisions.write_text("id,keep\nabcdefgh,perhaps\n")
    browser.wait("document.querySelector('#toast').textContent.includes('perhaps')", seconds=2)
    # what cannot be written is shown only until the file is whole again, and what follows is saved
    browser.press("d")
    browser.wait("document.querySelector('#toast').textContent.includes('Not saved')")
    files.decisions.unlink()
    browser.wait("!document.querySelector('.card.drop')", seconds=2)
    browser.press("Home", "k")
    browser.value(SAVED)
    assert words(files.decisions) == {manifest["id"][0]: "1"}


def test_keys_in_quick_succession_are_no_contradiction(
    browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    browser.open(serve(visit(manifest)).url)
    for key in "kdkdk":
        browser.press(key, "ArrowLeft")
    browser.value(SAVED)
    assert words(files.decisions) == {manifest["id"][0]: "1"} and "Not changed" not in toast(
        browser
    )
