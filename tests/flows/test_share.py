"""Changes a little of a recipe or its data, and counts what is done anew because of it."""

from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from flows.prepare import prepare
from foodcls.recipe.recipe import load_recipe
from foodcls.runs.stage_result import stage_work

pytestmark = pytest.mark.usefixtures("prefect_server")
Counts = dict[str, tuple[int, int]]


@pytest.fixture
def run(recipe: Path, tmp_path: Path) -> Callable[[], Counts]:
    """Prepare; give for each kind of item how many were done anew, and how many recalled."""

    def once() -> Counts:
        prepared = prepare(load_recipe(recipe), tmp_path / "space")
        return {
            kind: (count["anew"], count["recalled"])
            for kinds in stage_work(prepared.steps).values()
            for kind, count in kinds.items()
        }

    return once


def write_boxes(path: Path, left: int) -> None:
    """A box for each photograph; that of the first green begins at `left`."""
    rows = [
        f"{label}-{number}.png,90,70,{label},{left if (label, number) == ('greens', 0) else 5},"
        "5,80,60"
        for label in ("reds", "greens", "blues")
        for number in range(12)
    ]
    path.write_text("filename,width,height,class,xmin,ymin,xmax,ymax\n" + "\n".join(rows) + "\n")


def test_a_changed_box_cuts_one_picture_anew(
    run: Callable[[], Counts], recipe: Path, change: Callable[[str, str], None]
) -> None:
    change("split:", "crop: {boxes: boxes.csv}\nsplit:")
    boxes = recipe.parent / "boxes.csv"
    write_boxes(boxes, left=5)
    first = run()
    assert first["crop"] == (36, 0) and first["inspect"] == (36, 0)
    write_boxes(boxes, left=12)
    second = run()
    assert second["crop"] == (1, 35)
    # what comes before the cut has not changed at all
    assert "inspect" not in second and "fingerprint" not in second
    # copies are made anew of that picture alone, if of any
    copies, old = second["augment"]
    assert copies + old == first["augment"][0] and copies <= 2


def test_a_new_picture_is_looked_at_and_no_other(
    run: Callable[[], Counts], recipe: Path, noise: Callable
) -> None:
    run()
    noise(1).save(recipe.parent / "photos" / "reds" / "new.png")
    assert run()["inspect"] == (1, 36)


class Counting(SimpleHTTPRequestHandler):
    """Serves a folder, and notes what was asked for."""

    asked: list[str] = []

    def log_message(self, format: str, *args: object) -> None:
        if self.path != "/robots.txt":
            self.asked.append(self.path)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    Counting.asked.clear()
    handler = partial(Counting, directory=str(tmp_path / "photos"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_added_class_is_fetched_and_the_others_are_not(
    run: Callable[[], Counts], recipe: Path, change: Callable[[str, str], None], site: str
) -> None:
    change("folder: photos", "urls: urls.csv, allow_private_hosts: true")
    change(", {name: blues}", "")

    def list_urls(*labels: str) -> None:
        photos = [
            photo for label in labels for photo in (recipe.parent / "photos" / label).iterdir()
        ]
        rows = [
            f"{photo.parent.name},{site}/{photo.parent.name}/{photo.name}\n" for photo in photos
        ]
        (recipe.parent / "urls.csv").write_text("label,url\n" + "".join(rows))

    list_urls("reds", "greens")
    first = run()
    assert first["fetch"] == (24, 0) and len(Counting.asked) == 24
    Counting.asked.clear()
    list_urls("reds", "greens", "blues")
    change("{name: greens}", "{name: greens}, {name: blues}")
    second = run()
    assert second["fetch"] == (12, 24) and second["inspect"] == (12, 24)
    assert len(Counting.asked) == 12 and all(path.startswith("/blues/") for path in Counting.asked)
    # copies of the pictures of the other classes are those that there were
    assert 0 < second["augment"][0] <= 12 and second["augment"][1] == first["augment"][0]
