"""Marks pictures on the map and decides about them in a real browser, by mouse, finger and keys."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import pytest
from browser_fixtures import SAVED
from decision_rows import decided

from foodcls.review.decision_files import ReviewFiles
from foodcls.review.decisions import Verdict
from foodcls.review.session import Session

EACH = 20
STRANGE = range(8, 20)  # of pesto
Point = tuple[float, float]
# where pictures are in the window, and whether they are marked
SEEN = """Promise.all(['./map.js', './map_camera.js'].map((name) => import(name))).then(
  ([{ map }, { across, down }]) => {
    const box = document.querySelector('#canvas').getBoundingClientRect();
    return map.pictures.map((picture, number) => [picture.id, box.x + across(map.xs[number]),
      box.y + down(map.ys[number]), map.marks.has(picture)]);
  })"""


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(EACH)


@pytest.fixture
def session(ranked: Callable[..., Session], manifest: pd.DataFrame) -> Session:
    return ranked(manifest, STRANGE, ())


@pytest.fixture
def page(browser: Any, serve: Callable, session: Session) -> Any:
    """The page with its map open and laid out."""
    browser.open(serve(session).url)
    browser.press("m")
    browser.wait("!document.querySelector('#map').hidden && "
                 "document.querySelector('#unfolding').hidden")  # fmt: skip
    return browser


def places(page: Any) -> dict[str, Point]:
    return {digest: (x, y) for digest, x, y, _ in page.value(SEEN)}


def marked(page: Any) -> set[str]:
    return {digest for digest, _, _, is_marked in page.value(SEEN) if is_marked}


def ring(points: Iterable[Point]) -> list[Point]:
    """A circle round these, 12 pixels off the outermost."""
    known = list(points)
    x, y = (sum(values) / len(known) for values in zip(*known, strict=True))
    radius = 12 + max(math.dist((x, y), point) for point in known)
    turns = [2 * math.pi * step / 16 for step in range(17)]
    return [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]


def draw(page: Any, line: list[Point], modifiers: int = 0) -> None:
    page.mouse("mousePressed", *line[0], modifiers=modifiers)
    for x, y in line[1:]:
        page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, button="left",
                  buttons=1, modifiers=modifiers)  # fmt: skip
    page.mouse("mouseReleased", *line[-1], modifiers=modifiers)


def test_a_lasso_round_strangers_a_key_and_one_undo(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    strange = {manifest["id"][place] for place in STRANGE}
    where = places(page)
    draw(page, ring(where[name] for name in strange))
    assert marked(page) == strange
    # what is marked is seen beside the map, all of it selected
    shown = "[...document.querySelectorAll('.card[aria-selected=true]')].map((c) => c.dataset.id)"
    assert set(page.value(shown)) == strange
    page.press("d", "2")
    page.value(SAVED)
    assert {name: keep for name, (keep, _) in decided(files.decisions).items()} == dict.fromkeys(
        strange, "0"
    )
    assert "several things" in files.decisions.read_text()
    page.press("u")
    page.wait("document.querySelector('#toast').textContent.includes('12 pictures are as before')")
    assert not decided(files.decisions) and marked(page) == strange
    # looked at closely, one alone is meant
    page.press("Enter", "k")
    page.value(SAVED)
    assert len(decided(files.decisions)) == 1
    page.press("u")
    page.wait("document.querySelector('#toast').textContent.includes('This picture is as before')")
    page.press("Enter")
    assert marked(page) == strange
    # an exception is clicked on, then one key drops the others
    first = next(iter(strange))
    page.click(f"#p-{first} .well")
    page.click(f"#p-{first} .keepit")
    page.press("D", shift=True)
    page.value(SAVED)
    told = decided(files.decisions)
    assert told.pop(first)[0] == "1" and {keep for keep, _ in told.values()} == {"0"}
    assert len(told) == 11


def test_by_keys_alone_neighbors_are_marked_and_moved_to_a_class(
    page: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    # one of these has a neighbor there
    page.press("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", shift=True)
    assert len(marked(page)) > 1
    page.press("Escape")
    assert not marked(page)
    page.press("w")
    near = marked(page)
    assert len(near) == 8
    page.press("W", shift=True)
    assert not marked(page)
    page.press("w", "l", *"bread", "Enter")
    page.value(SAVED)
    assert marked(page) == near and set(decided(files.decisions)) == near
    pesto = set(manifest["id"][:EACH])
    assert {decided(files.decisions)[name] for name in near & pesto} == {("1", "bread")}
    # without marks a key decides about the one under the cursor, and goes on to an undecided one
    page.press("Escape", "k")
    page.value(SAVED)
    assert page.value("document.querySelectorAll('.card').length") == 1
    assert not page.value("document.querySelector('.card').matches('.keep, .drop')")
    page.press("m")
    page.wait("document.querySelector('#map').hidden && "
              "document.querySelector('#label').textContent === 'pesto'")  # fmt: skip


def test_at_360_pixels_the_map_lies_still_and_a_finger_gets_out_of_it(page: Any) -> None:
    def height() -> float:
        return page.value("document.querySelector('#canvas').getBoundingClientRect().height")

    page.resize(360, 740)
    page.wait("document.querySelector('#canvas').width === 360")
    before = height()
    page.press("w")
    assert height() == before
    page.press("d")
    page.value(SAVED)
    assert height() == before
    tall = "document.documentElement.scrollHeight + ' ' + document.documentElement.scrollWidth"
    assert page.value(tall) == "740 360"
    # what is chosen already cannot be chosen
    assert page.value("document.querySelector('#chooser').value") == ""
    page.click("#open-map")
    page.wait("document.querySelector('#chooser').value === 'pesto'")
    assert page.value("document.querySelector('#map').hidden")


def test_more_are_marked_than_cards_are_made(
    browser: Any, serve: Callable, ranked: Callable[..., Session], pictures: Callable,
    files: ReviewFiles,
) -> None:  # fmt: skip
    browser.open(serve(ranked(pictures(125), (), ())).url)
    browser.press("m")
    browser.wait("!document.querySelector('#map').hidden")
    browser.press(*"wwwwww")
    assert len(marked(browser)) == 250
    # the last card is scrolled to: it is among those that are selected
    browser.value("document.querySelector('#grid').scrollTop = 1e6")
    browser.wait("document.querySelectorAll('.card[aria-selected=true]').length === 250")
    browser.press("d")
    browser.value(SAVED)
    assert len(decided(files.decisions)) == 250
    browser.press("Escape", "Escape", "k")
    browser.value(SAVED)
    assert [keep for keep, _ in decided(files.decisions).values()].count("1") == 1


def test_from_look_alikes_escape_leads_back_to_what_was_marked(
    page: Any, manifest: pd.DataFrame
) -> None:
    page.press("w")
    near = marked(page)
    page.press("s")
    page.wait("document.querySelector('#label').textContent === 'More like this'")
    # look-alikes of a look-alike, too
    page.press("ArrowRight", "s")
    page.wait("document.querySelector('.card.here')?.matches(':first-child')")
    page.press("Escape")
    page.wait("!document.querySelector('#map').hidden")
    assert marked(page) == near
    page.press("Escape", "Escape")
    page.wait("document.querySelector('#label').textContent === 'pesto'")


def test_wheel_and_right_button_zoom_and_move_and_thumbnails_come_close_by(page: Any) -> None:
    loaded = "performance.getEntriesByType('resource').filter((e) => e.name.includes('thumb/'))"
    at_first = places(page)
    side = "import('./map_draw.js').then(({ thumbSide }) => thumbSide())"
    page.press("-", "-", "-")
    assert page.value(side) == 0
    where = places(page)
    name, (x, y) = next(iter(where.items()))
    for _ in range(4):
        page.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-240)
    near = places(page)
    # what is under the pointer stays there, and the rest goes apart
    assert math.dist(near[name], (x, y)) < 10  # a wheel is told in whole pixels
    other = list(where)[-1]
    assert math.dist(near[name], near[other]) > 3 * math.dist(where[name], where[other])
    assert page.value(side) > 24
    page.wait(f"{loaded}.some((entry) => entry.name.endsWith({name!r}))")
    for kind, right in (("mousePressed", 0), ("mouseMoved", 60), ("mouseReleased", 60)):
        page.call("Input.dispatchMouseEvent", type=kind, x=x + right, y=y, button="right",
                  buttons=0 if kind == "mouseReleased" else 2, clickCount=1)  # fmt: skip
    assert places(page)[name][0] - near[name][0] == pytest.approx(60, abs=1)
    page.press("0")
    assert math.dist(places(page)[name], at_first[name]) < 1


def test_on_a_finer_screen_signs_stay_where_clicks_find_them(page: Any) -> None:
    page.call("Emulation.setDeviceMetricsOverride", width=1280, height=860, deviceScaleFactor=2,
              mobile=False)  # fmt: skip
    page.press("o")
    page.wait("((c) => c.width === 2 * c.clientWidth)(document.querySelector('#canvas'))")


def test_a_finger_draws_and_two_fingers_zoom(page: Any, manifest: pd.DataFrame) -> None:
    def touch(kind: str, *fingers: Point) -> None:
        points = [{"x": x, "y": y, "id": place} for place, (x, y) in enumerate(fingers)]
        page.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    strange, where = {manifest["id"][place] for place in STRANGE}, places(page)
    line = ring(where[name] for name in strange)
    touch("touchStart", line[0])
    for point in line[1:]:
        touch("touchMove", point)
    touch("touchEnd")
    assert marked(page) == strange
    x, y = page.value(
        "(() => { const b = document.querySelector('#canvas').getBoundingClientRect();"
        "return [b.x + b.width / 2, b.y + 200]; })()"
    )
    touch("touchStart", (x - 40, y), (x + 40, y))
    for far in (60, 80):
        touch("touchMove", (x - far, y), (x + far, y))
    touch("touchEnd")
    one, other = list(where)[0], list(where)[-1]
    now = places(page)
    ratio = math.dist(now[one], now[other]) / math.dist(where[one], where[other])
    assert ratio == pytest.approx(2, rel=0.05)
    # a pinch marks nothing
    assert marked(page) == strange
    # nor is a finger missed that was lifted elsewhere
    touch("touchStart", (x, y))
    page.press("m")
    page.wait("document.querySelector('#map').hidden")
    touch("touchEnd")
    page.press("m")
    page.wait("!document.querySelector('#map').hidden")
    page.press("0", "Escape")
    assert not marked(page)
    touch("touchStart", line[0])
    for point in line[1:]:
        touch("touchMove", point)
    touch("touchEnd")
    assert marked(page) == strange


def test_what_others_decide_shows_and_signs_are_drawn(
    page: Any, visit: Callable, manifest: pd.DataFrame
) -> None:
    digest = manifest["id"][30]
    x, y = places(page)[digest]
    drawn = f"""(() => {{
      const canvas = document.querySelector('#canvas'), box = canvas.getBoundingClientRect();
      const at = [{x} - box.x, {y} - box.y].map(Math.round);
      return [...canvas.getContext('2d').getImageData(...at, 1, 1).data].slice(0, 3).join();
    }})()"""
    ground = page.value("document.querySelector('#canvas').getContext('2d')"
                        ".getImageData(1, 1, 1, 1).data.slice(0, 3).join()")  # fmt: skip
    page.press("o")
    legend = "document.querySelector('#legend').innerText"
    page.wait(f"{legend}.includes('undecided') && {drawn} !== {ground!r}")
    before = page.value(drawn)
    visit(manifest).decide([digest], Verdict(False, "a cat", annotator="Ann"))
    page.wait(f"/dropped\\s*1/.test({legend}) && {drawn} !== {before!r}", 3)
