"""Boxes by keys alone, and by a finger on a screen of 360 pixels."""

import csv
from collections.abc import Callable
from typing import Any

import pytest
from browser_fixtures import SAVED

from foodcls.review.decision_files import ReviewFiles


@pytest.fixture
def page(browser: Any, visit: Callable, serve: Callable, pictures: Callable) -> Any:
    browser.open(serve(visit(pictures(3))).url)
    return browser


@pytest.fixture
def edges(page: Any, files: ReviewFiles) -> Callable[[], list[tuple[int, ...]]]:
    def read() -> list[tuple[int, ...]]:
        page.value(SAVED)
        with files.boxes.open(newline="") as file:
            names = ("xmin", "ymin", "xmax", "ymax")
            return [tuple(int(row[name]) for name in names) for row in csv.DictReader(file)]

    return read


def test_boxes_are_drawn_moved_resized_and_left_by_keys(page: Any, edges: Callable) -> None:
    """The picture has 96x64 pixels: an arrow moves by one."""
    page.press("Enter")
    page.wait("document.querySelector('#zoom').open")
    page.press("n")
    assert edges() == [(24, 16, 72, 48)]
    page.press("ArrowRight", "ArrowRight", "ArrowUp")
    page.press("ArrowLeft", "ArrowDown", shift=True)
    assert edges() == [(26, 15, 73, 48)]
    # each arrow is one step back
    page.press("u")
    page.wait(f"document.querySelector('#box-list').textContent.includes('47 × 32') && {SAVED}")
    page.press("n")
    assert len(edges()) == 2
    page.press("e", "ArrowLeft")
    assert sorted(edges()) == [(24, 16, 72, 48), (25, 15, 72, 47)]
    # Escape first leaves the box; then arrows go to the next picture again
    page.press("Escape")
    assert page.value("document.querySelector('#zoom').open")
    page.press("ArrowRight")
    page.wait("document.querySelector('#place').textContent === '2 / 3'")


def test_of_several_boxes_the_one_that_was_moved_stays_chosen(page: Any, edges: Callable) -> None:
    """In the file it comes to stand behind the others."""
    page.press("b")
    page.wait("document.querySelector('#large').naturalWidth")
    for corners in (((5, 5), (30, 25)), ((50, 30), (90, 60)), ((12, 12), (17, 17))):
        page.drag(*(page.on_picture(*corner) for corner in corners))
    assert edges() == [(50, 30, 90, 60), (10, 10, 35, 30)]
    chosen = page.value("document.querySelector('#box-list .chosen').textContent")
    assert "25 × 20 at 10, 10" in chosen
    page.press("Delete")
    assert edges() == [(50, 30, 90, 60)]


def test_a_box_stays_on_its_picture_where_the_next_one_comes_before_it_is_let_go(
    page: Any, files: ReviewFiles, pictures: Callable
) -> None:
    """By a key that is pressed while an arrow is held, or while the mouse draws."""
    first, second = pictures(3)["id"][:2]
    page.press("Enter")
    page.wait("document.querySelector('#zoom').open && document.querySelector('#large').complete")
    page.press("n")
    common = {"key": "ArrowRight", "windowsVirtualKeyCode": 39}
    page.call("Input.dispatchKeyEvent", type="keyDown", **common)
    page.press("k")
    page.call("Input.dispatchKeyEvent", type="keyUp", **common)
    page.wait("document.querySelector('#place').textContent === '2 / 3' && boxes.getScreenCTM()")
    page.mouse("mousePressed", *page.on_picture(10, 8))
    x, y = page.on_picture(60, 40)
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, button="left", buttons=1)
    page.press("k")
    page.mouse("mouseReleased", x, y)
    page.value(SAVED)
    with files.boxes.open(newline="") as file:
        assert [row["filename"] for row in csv.DictReader(file)] == [first, second]


def test_by_a_finger_at_360_pixels(page: Any, edges: Callable, files: ReviewFiles) -> None:
    page.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=1)
    page.resize(360, 740)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        spots = [{"x": x, "y": y} for x, y in points]
        page.call("Input.dispatchTouchEvent", type=kind, touchPoints=spots)

    def tap(selector: str) -> None:
        spot = page.value(
            f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView("
            "{block: 'nearest'}); const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        touch("touchStart", tuple(spot))
        touch("touchEnd")

    assert page.value("document.documentElement.scrollWidth") == 360
    tap(".card.here .dropit")
    page.value(SAVED)
    assert files.decisions.read_text().count(",0,") == 1
    # the reasons stand in one line: in several they would cover the pictures
    assert 0 < page.value("document.querySelector('#bar').offsetHeight") < 80
    assert page.value("document.documentElement.scrollWidth") == 360
    page.press("Enter")
    page.wait("document.querySelector('#zoom').open && document.querySelector('#large').complete")
    touch("touchStart", page.on_picture(10, 8))
    for place in ((30, 20), (60, 40)):
        touch("touchMove", page.on_picture(*place))
    touch("touchEnd")
    page.wait("document.querySelectorAll('#box-list li').length === 1")
    (box,) = edges()
    assert all(abs(a - b) <= 1 for a, b in zip(box, (10, 8, 60, 40), strict=True))
    page.call("Emulation.setTouchEmulationEnabled", enabled=False)
