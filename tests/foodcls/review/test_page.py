"""Uses the page in a real browser, with real clicks and keys."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from browser_fixtures import SAVED
from decision_rows import rows

from foodcls.review.boxes import COLUMNS
from foodcls.review.decision_files import ReviewFiles
from foodcls.review.gallery import Suspect
from foodcls.review.session import Session


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(6)


@pytest.fixture
def page(browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame) -> Any:
    """The page of a first visit; the second picture is suspected to be a cat."""
    suspects = {manifest["id"][1]: Suspect(0, "looks like a cat")}
    browser.open(serve(visit(manifest, suspects)).url)
    return browser


def here(page: Any) -> str:
    return page.value("document.querySelector('.card.here').dataset.id")


def test_drop_by_key_is_in_the_file_at_once_with_its_reason(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    suspect, first = manifest["id"][1], manifest["id"][0]
    assert here(page) == suspect
    page.press("d")
    page.value(SAVED)
    assert rows(files.decisions) == [{"id": suspect, "keep": "0", "reason": "looks like a cat"}]
    # the next picture is here already, and a digit says why the one before was dropped
    assert here(page) == first
    page.press("3")
    page.value(SAVED)
    assert rows(files.decisions)[0]["reason"] == "drawing or logo"
    assert page.value("document.querySelector('#progress').innerText").startswith("0 kept · 1 dro")


def test_a_reason_can_be_typed(page: Any, manifest: pd.DataFrame, files: ReviewFiles) -> None:
    page.press("d", "r", *"=packet, blue", "Enter", "k")
    page.value(SAVED)
    assert [(row["keep"], row["reason"]) for row in rows(files.decisions)] == [
        ("0", "packet, blue"),
        ("1", ""),
    ]


def test_keep_and_undo(page: Any, manifest: pd.DataFrame, files: ReviewFiles) -> None:
    page.press("ArrowRight", "k", "d", "u")
    page.wait(f"document.querySelectorAll('.card.drop').length === 0 && {SAVED}")
    assert rows(files.decisions) == [{"id": manifest["id"][0], "keep": "1", "reason": ""}]
    page.press("u")
    page.wait("document.querySelectorAll('.card.keep').length === 0")
    assert rows(files.decisions) == [] and here(page) == manifest["id"][0]
    page.press("u")
    page.wait("document.querySelector('#toast').textContent.includes('Nothing')")


def test_a_drop_and_its_reason_are_one_step_and_a_digit_is_always_a_reason(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    page.press("ArrowRight", "d", "3", "u")
    page.wait(f"document.querySelectorAll('.card.drop').length === 0 && {SAVED}")
    assert rows(files.decisions) == [] and here(page) == manifest["id"][0]
    # the prompt is gone once you have moved; the digit still says why, and opens no class
    page.press("d", "ArrowLeft", "2")
    page.value(SAVED)
    assert [row["reason"] for row in rows(files.decisions)] == ["several things"]
    page.press("ArrowRight", "2")
    page.wait("document.querySelector('#toast').textContent.includes('why')")
    assert page.value("document.querySelector('#label').textContent") == "pesto"


def test_by_mouse_pictures_are_picked_and_decided_together(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    ids = list(manifest["id"])
    look = "getComputedStyle(document.querySelector('.card.here .choose')).visibility"
    assert page.value(look) == "visible"
    page.click(".card:nth-child(2)")
    for number in (4, 5, 4, 6):
        page.click(f".card:nth-child({number})", modifiers=2)
    count = "document.querySelectorAll('.card[aria-selected=true]').length"
    assert page.value(count) == 3
    page.press("Escape")
    assert page.value(count) == 1
    page.click(".card:nth-child(2)")
    for number in (5, 6):
        page.click(f".card:nth-child({number})", modifiers=2)
    page.click(".card:nth-child(6) .dropit")
    page.value(SAVED)
    # the suspect stands first on the page
    assert [row["id"] for row in rows(files.decisions)] == [ids[0], ids[4], ids[5]]
    page.click(".card:nth-child(1)")
    page.click(".card:nth-child(1) .keepit")
    page.value(SAVED)
    assert {row["id"]: row["keep"] for row in rows(files.decisions)}[ids[1]] == "1"
    said = page.value("document.querySelector('.card:nth-child(2)').ariaLabel")
    assert said.startswith("picture 2, pesto-000.jpg, dropped")


def test_on_a_narrow_window_a_class_is_chosen_from_a_list(page: Any) -> None:
    page.resize(400, 800)
    shown = "[...document.querySelectorAll('#classes, #chooser')].map((e) => e.offsetWidth > 0)"
    assert page.value(shown) == [False, True]
    page.value(
        "chooser.value = 'bread', chooser.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    page.wait("document.querySelector('#label').textContent === 'bread'")
    assert page.value("document.documentElement.scrollWidth") == 400


def test_several_are_dropped_together(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    page.press("ArrowRight")
    page.press("ArrowRight", "ArrowRight", shift=True)
    page.press("d")
    page.value(SAVED)
    ids = list(manifest["id"])
    assert [row["id"] for row in rows(files.decisions)] == [ids[0], ids[2], ids[3]]


def test_keep_the_rest_leaves_what_is_decided(page: Any, files: ReviewFiles) -> None:
    page.press("d")
    page.press("K", shift=True)
    page.value(SAVED)
    assert [row["keep"] for row in rows(files.decisions)] == ["0", *"11111"]
    assert page.value("document.querySelector('#classes .done') !== null")


def test_a_box_drawn_with_the_mouse_is_saved_in_pixels_of_the_picture(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    page.click(".card:nth-child(2)", count=2)
    page.wait("document.querySelector('#large').complete && document.querySelector('#zoom').open")
    page.drag(page.on_picture(10, 8), page.on_picture(60, 40))
    page.wait("document.querySelectorAll('#box-list li').length === 1")
    page.value(SAVED)
    [row] = rows(files.boxes)
    assert tuple(row) == COLUMNS
    assert (row["filename"], row["class"]) == (manifest["id"][0], "pesto")
    drawn = [int(row[edge]) for edge in ("width", "height", "xmin", "ymin", "xmax", "ymax")]
    assert drawn == [96, 64, 10, 8, 60, 40]


def test_a_box_is_moved_resized_doubled_and_removed(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    def edges() -> list[tuple[int, ...]]:
        page.value(SAVED)
        return [tuple(int(row[name]) for name in COLUMNS[4:]) for row in rows(files.boxes)]

    page.press("b")
    page.wait("document.querySelector('#zoom').open")
    page.drag(page.on_picture(10, 8), page.on_picture(60, 40))
    page.drag(page.on_picture(30, 20), page.on_picture(40, 25))
    assert edges() == [(20, 13, 70, 45)]
    page.drag(page.on_picture(70, 45), page.on_picture(80, 50))
    assert edges() == [(20, 13, 80, 50)]
    # beyond the picture's edge a box ends at the edge
    page.drag(page.on_picture(84, 52), page.on_picture(120, 90))
    assert edges() == [(20, 13, 80, 50), (84, 52, 96, 64)]
    page.press("Delete")
    assert edges() == [(20, 13, 80, 50)]
    page.press("u")
    page.wait("document.querySelectorAll('#box-list li').length === 2")
    assert len(edges()) == 2


def test_a_proposed_box_is_accepted(
    browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    proposal = f"{manifest['id'][0]},96,64,pesto,10,8,60,40,1"
    files.boxes.write_text(",".join((*COLUMNS, "proposed")) + f"\n{proposal}\n")
    browser.open(serve(visit(manifest)).url)
    assert browser.value("document.querySelectorAll('.card rect.proposed').length") == 1
    browser.press("a")
    browser.value(SAVED)
    [row] = rows(files.boxes)
    assert (row["xmax"], row["proposed"]) == ("60", "")
    assert browser.value("document.querySelectorAll('.card rect.proposed').length") == 0


@pytest.fixture
def offered(
    browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame, files: ReviewFiles
) -> Any:
    """The page of a first visit; a box is proposed for each of the first two pictures."""
    lines = [f"{digest},96,64,pesto,10,8,60,40,1" for digest in manifest["id"][:2]]
    files.boxes.write_text("\n".join([",".join((*COLUMNS, "proposed")), *lines, ""]))
    browser.open(serve(visit(manifest)).url)
    return browser


def is_proposed(page: Any, files: ReviewFiles) -> list[str]:
    page.value(SAVED)
    return [row["proposed"] for row in rows(files.boxes)]


def test_a_proposed_box_is_accepted_by_mouse_and_undone(offered: Any, files: ReviewFiles) -> None:
    assert is_proposed(offered, files) == ["1", "1"]
    # not the current picture's: the one beside it, where the button shows when the mouse is there
    button = "document.querySelector('.card:nth-child(2) .accept')"
    look = f"getComputedStyle({button}).visibility"
    assert offered.value(look) == "hidden"
    edges = offered.value(f"{button}.getBoundingClientRect().toJSON()")
    offered.call("Input.dispatchMouseEvent", type="mouseMoved", x=edges["x"], y=edges["y"])
    offered.wait(f"{look} === 'visible'")
    offered.click(".card:nth-child(2) .accept")
    assert is_proposed(offered, files) == ["1", ""]
    assert offered.value("document.querySelectorAll('.card .accept').length") == 1
    offered.click("#undo")
    offered.wait("document.querySelectorAll('.card .accept').length === 2")
    assert is_proposed(offered, files) == ["1", "true"]


def test_a_proposed_box_is_accepted_or_refused_by_mouse_where_it_is_large(
    offered: Any, files: ReviewFiles
) -> None:
    offered.click(".card:nth-child(1)", count=2)
    offered.wait("document.querySelector('#zoom').open")
    offered.click("#refuse")
    assert is_proposed(offered, files) == ["1"]
    assert offered.value("document.querySelector('#offer').hidden")
    offered.press("u")
    offered.wait("!document.querySelector('#offer').hidden")
    assert is_proposed(offered, files) == ["1", "true"]
    offered.click("#accept")
    assert is_proposed(offered, files) == ["1", ""]
    assert offered.value("document.querySelector('#offer').hidden")


def test_a_flag_filters(browser: Any, visit: Callable, serve: Callable, pictures: Callable) -> None:
    flags = {1: {"flags": "blurred dark"}, 3: {"flags": "dark"}, 4: {"flags": "blurred"}}
    manifest = pictures(6, flags)
    browser.open(serve(visit(manifest)).url)
    shown = "[...document.querySelectorAll('.card:not([hidden])')].map((card) => card.dataset.id)"
    for flag, places in {"dark": [1, 3], "blurred": [1, 4]}.items():
        browser.click(f'[data-chip="flag {flag}"]')
        assert browser.value(shown) == list(manifest["id"][places])
    browser.click("[data-chip=all]")
    assert browser.value(f"{shown}.length") == 6


def test_a_second_visit_goes_on(
    page: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame
) -> None:
    page.press("d", "k")
    page.value(SAVED)
    page.open(serve(visit(manifest)).url)
    shown = "[...document.querySelectorAll('.card')].map((card) => card.className).join()"
    assert page.value(shown).count("drop") == 1 and page.value(shown).count("keep") == 1
    assert "2 of 12" in page.value("document.querySelector('#overall').textContent")


def test_an_answer_between_press_and_release_takes_no_click(page: Any) -> None:
    spot = "document.querySelector('[data-chip=suspects]').getBoundingClientRect()"
    x, y = page.value(f"(() => {{ const b = {spot}; return [b.x + 9, b.y + 9]; }})()")
    page.mouse("mousePressed", x, y)
    page.press("k")
    page.value(SAVED)
    page.mouse("mouseReleased", x, y)
    page.wait("document.querySelectorAll('.card').length === 1", 2)


def test_filters_and_classes_by_key_and_mouse(page: Any) -> None:
    shown = "document.querySelectorAll('.card:not([hidden])').length"
    page.press("k")
    page.click("[data-chip=suspects]")
    assert page.value(shown) == 1
    page.click("[data-chip=undecided]")
    assert page.value(shown) == 5
    page.press("f", *"pesto-004", "Enter")
    assert page.value(shown) == 1
    page.press("]")
    page.wait("document.querySelector('#label').textContent === 'bread'")
    page.press("[")
    page.wait("document.querySelector('#label').textContent === 'pesto'")
    page.click("#classes button:nth-child(2)")
    page.wait("document.querySelector('#label').textContent === 'bread'")


def test_tiles_have_the_shape_of_most_pictures_of_the_class(
    browser: Any, visit: Callable, serve: Callable, pictures: Callable
) -> None:
    sizes = [(64, 64), (64, 64), (96, 64), (64, 200)]
    manifest = pictures(4, {place: {"width": w, "height": h} for place, (w, h) in enumerate(sizes)})
    browser.open(serve(visit(manifest)).url)
    well = "document.querySelector('.well')"
    assert browser.value(f"{well}.offsetWidth / {well}.offsetHeight") == pytest.approx(1, abs=0.02)
    browser.press("]")
    browser.wait("document.querySelector('#label').textContent === 'bread'")
    shape = browser.value(f"{well}.offsetWidth / {well}.offsetHeight")
    assert shape == pytest.approx(4 / 3, abs=0.02)


def test_a_filter_that_finds_nothing_here_leads_to_the_other_classes(page: Any) -> None:
    shown = "[...document.querySelectorAll('.card')].map((card) => card.dataset.id).length"
    page.press("f", *"bread-008", "Enter")
    assert page.value(shown) == 0
    page.click("#elsewhere")
    page.wait("document.querySelector('#label').textContent === 'bread'")
    assert page.value(shown) == 1 and page.value("document.querySelector('#nothing').hidden")
    page.press("f", *"-nowhere", "Enter")
    page.click("#elsewhere")
    page.wait("document.querySelector('#toast:popover-open')")
    assert "No class has" in page.value("document.querySelector('#toast').textContent")


def test_a_flag_that_another_class_lacks_lets_none_of_it_through(
    browser: Any, visit: Callable, serve: Callable, pictures: Callable
) -> None:
    browser.open(serve(visit(pictures(6, {1: {"flags": "dark"}}))).url)
    browser.click('[data-chip="flag dark"]')
    browser.press("f", *"bread", "Enter")
    browser.click("#elsewhere")
    browser.wait("document.querySelector('#toast:popover-open')")
    assert browser.value("document.querySelector('#label').textContent") == "pesto"


def test_a_chip_without_pictures_here_says_how_many_the_other_classes_have(
    page: Any, manifest: pd.DataFrame
) -> None:
    page.press("K", shift=True)
    page.value(SAVED)
    page.click("[data-chip=undecided]")
    words = "document.querySelector('#elsewhere').textContent"
    assert page.value(words) == "6 in other classes"
    page.click("[data-chip=dropped]")
    page.wait("document.querySelector('#elsewhere').hidden")


def test_suspects_that_are_ranked_meanwhile_show_up_in_the_open_class(
    browser: Any, serve: Callable, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    path = files.decisions.with_name("suspects.csv")
    browser.open(serve(Session(manifest, ("pesto", "bread"), replace(files, suspects=path))).url)
    first, second, *_ = manifest["id"]
    assert here(browser) == first
    path.write_text(f"id,keep,reason\n{second},0,looks like bread\n")
    browser.wait("document.querySelector('[data-chip=suspects]')?.textContent === 'Suspects 1'")
    note = f"document.querySelector('#p-{second}.suspect .note').textContent"
    assert browser.value(note) == "looks like bread"
    # nothing jumps: they stand first when the class is opened again
    assert here(browser) == first


def test_help_opens_and_closes(page: Any) -> None:
    page.press("?")
    assert page.value("document.querySelector('#help').open")
    # read aloud, it is called as its heading says
    name = "document.querySelector('#help').getAttribute('aria-labelledby')"
    assert page.value(f"document.getElementById({name}).textContent") == "Keys"
    page.press("Escape")
    page.wait("!document.querySelector('#help').open")


def test_what_a_picture_is_called_stays_text(
    browser: Any, visit: Callable, serve: Callable, pictures: Callable
) -> None:
    manifest = pictures(2, {0: {"origin": "http://x/<img src=x onerror=alert(1)>.jpg"}})
    suspects = {manifest["id"][0]: Suspect(0, "<script>alert(1)</script>")}
    browser.open(serve(visit(manifest, suspects)).url)
    browser.press("Enter")
    assert "<script>" in browser.value("document.querySelector('.note').textContent")
    assert "onerror" in browser.value("document.querySelector('#about').textContent")
    assert browser.value("document.querySelectorAll('#about img, .note script').length") == 0


def test_a_lost_server_is_told(
    browser: Any, visit: Callable, serve: Callable, manifest: pd.DataFrame
) -> None:
    server = serve(visit(manifest))
    browser.open(server.url)
    browser.expected = "net::ERR_"  # the browser itself says that nobody answered
    server.stop()
    browser.press("k")
    browser.wait("document.querySelector('#toast.error:popover-open')")
    assert "Not saved" in browser.value("document.querySelector('#toast').textContent")


def test_a_class_whose_pictures_cannot_be_had_is_not_opened(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    page.expected = "net::ERR_"
    page.call("Network.enable")
    page.call("Network.setBlockedURLs", urls=["*pictures?class=bread*"])
    page.press("]")
    page.wait("document.querySelector('#toast').matches('.error:popover-open')")
    shown = "document.querySelector('#classes [aria-current=true]').dataset.label"
    page.press("d")
    page.value(SAVED)
    assert page.value(shown) == "pesto" and page.value("location.hash") == "#pesto"
    page.call("Network.setBlockedURLs", urls=[])
    page.press("]")
    page.wait(f"{shown} === 'bread'")
    assert [row["id"] for row in rows(files.decisions)] == [manifest["id"][1]]
