import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.crop.crop import crop
from foodcls.crop.matching import index_names
from foodcls.manifest import KEPT, kept_rows, new_manifest
from foodcls.recipe.data_settings import Crop
from foodcls.review.box_files import import_boxes
from foodcls.review.boxes import COLUMNS, DrawnBox, fit_box, is_box_table, read_drawn, write_drawn
from foodcls.review.gallery import Gallery, GalleryItem, build_gallery
from foodcls.store.store import Store
from foodcls.tables.edit_csv import open_sheet, write_sheet

ITEM = GalleryItem("a" * 64, "pesto", 96, 64, "http://127.0.0.1/a.jpg")
HEADER = ",".join(COLUMNS)


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    table = pictures(2)
    table["picture"] = table["id"]
    return table


@pytest.fixture
def gallery(manifest: pd.DataFrame) -> Gallery:
    return build_gallery(manifest, ("pesto", "bread"), {})


@pytest.fixture
def known(manifest: pd.DataFrame, gallery: Gallery, tmp_path: Path) -> Callable[[], dict]:
    return lambda: read_drawn(tmp_path / "boxes.csv", lambda: index_names(manifest), gallery.items)


@pytest.fixture
def draw(gallery: Gallery, known: Callable[[], dict], tmp_path: Path) -> Callable[..., str]:
    """Write the boxes of a picture as a visit does; what the file says then."""

    def put(digest: str, *boxes: DrawnBox) -> str:
        path, before = tmp_path / "boxes.csv", known().get(digest, ())
        sheet = open_sheet(path, COLUMNS)
        write_sheet(write_drawn(sheet, gallery.items[digest], before, boxes), path)
        return path.read_text()

    return put


def test_drawn_boxes_are_what_the_pipeline_cuts(
    manifest: pd.DataFrame, draw: Callable, workspace: Path, tmp_path: Path
) -> None:
    draw(manifest["id"][0], DrawnBox((1, 2, 30, 40)), DrawnBox((50, 5, 90, 60)))
    store, settings = Store(workspace / "store"), Crop(boxes=tmp_path / "boxes.csv", padding=0.0)
    cropped = crop(manifest, store, settings, ("pesto", "bread"))
    assert cropped.problems == ()
    assert list(kept_rows(cropped.manifest)["box"][:2]) == ["1,2,30,40", "50,5,90,60"]


def test_boxes_read_back_as_they_were_drawn(
    manifest: pd.DataFrame, draw: Callable, known: Callable[[], dict]
) -> None:
    digest = manifest["id"][1]
    draw(digest, DrawnBox((1, 2, 30, 40)), DrawnBox((5, 6, 7, 8), proposed=True))
    assert [(box.edges, box.proposed) for box in known()[digest]] == [
        ((1, 2, 30, 40), False),
        ((5, 6, 7, 8), True),
    ]


def test_a_changed_box_takes_the_place_of_the_line_that_a_person_wrote_by_name(
    manifest: pd.DataFrame, draw: Callable, tmp_path: Path
) -> None:
    mine, other = "pesto-000.jpg,96,64,pesto,1,2,30,40", "stranger.jpg,0,0,bread,1,1,9,9"
    (tmp_path / "boxes.csv").write_text(f"{HEADER}\n{mine}\n{other}\n")
    digest = manifest["id"][0]
    assert draw(digest, DrawnBox((1, 2, 30, 40))) == f"{HEADER}\n{mine}\n{other}\n"
    changed = draw(digest, DrawnBox((1, 2, 31, 40)))
    assert changed == f"{HEADER}\n{other}\n{digest},96,64,pesto,1,2,31,40\n"


@pytest.mark.parametrize("name", ["PESTO-000", "images/1a2b3c4d-pesto-000.jpg"])
def test_a_box_is_shown_on_the_picture_that_the_crop_stage_cuts(
    manifest: pd.DataFrame, known: Callable[[], dict], tmp_path: Path, name: str
) -> None:
    (tmp_path / "boxes.csv").write_text(f"{HEADER}\n{name},96,64,pesto,1,2,30,40\n")
    assert [box.edges for box in known()[manifest["id"][0]]] == [(1, 2, 30, 40)]


def test_accepting_a_proposal_clears_its_mark(
    manifest: pd.DataFrame, draw: Callable, known: Callable[[], dict]
) -> None:
    digest = manifest["id"][0]
    draw(digest, DrawnBox((1, 2, 30, 40), proposed=True))
    draw(digest, DrawnBox((1, 2, 30, 40)))
    assert [box.proposed for box in known()[digest]] == [False]


def test_no_boxes_leave_no_line(manifest: pd.DataFrame, draw: Callable) -> None:
    draw(manifest["id"][0], DrawnBox((1, 2, 30, 40)))
    assert draw(manifest["id"][0]) == f"{HEADER}\n"


@pytest.mark.parametrize(
    "row",
    ["96,64,bread,1,2,30,40", "640,480,pesto,1,2,30,40", "96,64,pesto,1,2,x,40",
     "96,64,pesto,1,2,inf,40", "96,64,pesto,100,2,130,40"],
    ids=["class", "size", "word", "infinite", "outside"],
)  # fmt: skip
def test_boxes_that_the_pipeline_refuses_are_not_shown(
    known: Callable[[], dict], tmp_path: Path, row: str
) -> None:
    (tmp_path / "boxes.csv").write_text(f"{HEADER}\npesto-000.jpg,{row}\n")
    assert known() == {}


@pytest.mark.parametrize(
    ("edges", "box"),
    [
        ((30.4, 40.6, 1.2, 2.9), (1, 3, 30, 41)),
        ((-5, -5, 200, 200), (0, 0, 96, 64)),
        ((10, 10, 10.2, 40), None),
        ((120, 10, 130, 20), None),
    ],
    ids=["turned", "too large", "no area", "outside"],
)
def test_a_box_is_whole_pixels_within_the_picture(edges: tuple, box: tuple | None) -> None:
    assert fit_box(edges, ITEM) == box


def test_only_a_table_of_our_columns_is_written_into(tmp_path: Path) -> None:
    ours, other = tmp_path / "boxes.csv", tmp_path / "coco.json"
    ours.write_text(f"{HEADER}\n")
    other.write_text('{"images": []}')
    assert [is_box_table(path) for path in (ours, other, tmp_path)] == [True, False, False]


def test_thousands_of_boxes_are_taken_over_at_once(tmp_path: Path) -> None:
    row = {"label": "pesto", "source": "urls", "state": KEPT, "width": 90, "height": 90}
    manifest = new_manifest([
        row | {"id": f"{number:064x}", "origin": f"{number}.jpg", "box": "1,2,30,40"}
        for number in range(8000)
    ])  # fmt: skip
    gallery, start = build_gallery(manifest, ("pesto",), {}), time.process_time()
    import_boxes(manifest, gallery, tmp_path / "boxes.csv")
    assert time.process_time() - start < 1.5
    last = (tmp_path / "boxes.csv").read_text().splitlines()[8000]
    assert last.endswith("1f3f,90,90,pesto,1,2,30,40")
