"""Tests of foodcls.sample.tables."""

import csv
from pathlib import Path

from foodcls.sample.dishes import LABELS
from foodcls.sample.tables import write_boxes, write_filter
from foodcls.sample.web import SampleWeb

WEB = SampleWeb(per_class=6)
RECIPES = Path(__file__).parents[3] / "recipes"
ITEMS = {item.file: item for label in LABELS for item in WEB.items(label)}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _frame(row: dict[str, str]) -> tuple[tuple[int, ...], int, int]:
    box = tuple(int(row[name]) for name in ("xmin", "ymin", "xmax", "ymax"))
    return box, int(row["width"]), int(row["height"])


def test_boxes_are_the_true_ones(tmp_path: Path) -> None:
    write_boxes(WEB, tmp_path / "boxes.csv")
    for row in _rows(tmp_path / "boxes.csv")[::9]:
        assert ITEMS[row["filename"]].frame == _frame(row)


def test_every_original_and_near_duplicate_has_a_box_of_its_class(tmp_path: Path) -> None:
    write_boxes(WEB, tmp_path / "boxes.csv")
    classes = {row["filename"]: row["class"] for row in _rows(tmp_path / "boxes.csv")}
    wanted = {
        file: item.label
        for file, item in ITEMS.items()
        if item.kind == "original" or item.kind.startswith("near_duplicate")
    }
    assert wanted.items() <= classes.items()
    assert not [file for file in classes if ITEMS[file].kind.startswith(("wrong", "broken"))]


def test_the_filter_drops_what_a_person_would(tmp_path: Path) -> None:
    write_filter(WEB, tmp_path / "filter.csv")
    rows = _rows(tmp_path / "filter.csv")
    dropped = {row["path"] for row in rows if row["keep"] == "0"}
    assert dropped == {
        file for file, item in ITEMS.items() if item.kind.startswith(("wrong", "placeholder"))
    }
    assert all(bool(row["reason"]) == (row["keep"] == "0") for row in rows)


def test_the_sample_recipe_has_these_tables_without_one_of_each_two_near_duplicates(
    tmp_path: Path,
) -> None:
    """Dedup drops one of the two, and `filter` says of each row of such that it keeps in vain."""
    web = SampleWeb()
    write_filter(web, tmp_path / "filter.csv")
    decided, written = _rows(RECIPES / "sample/filter.csv"), _rows(tmp_path / "filter.csv")
    assert decided == [row for row in written if row in decided]
    left_out = {row["path"] for row in written if row not in decided}
    items = {item.file: item for label in LABELS for item in web.items(label)}
    pairs = [{one.file, one.source} for one in items.values() if "near_duplicate" in one.kind]
    assert left_out <= set().union(*pairs) and len(left_out) == len(pairs)
    drawn = _rows(RECIPES / "sample/boxes.csv")
    assert [row["filename"] for row in drawn] == [
        one["path"] for one in decided if one["keep"] == "1"
    ]
    for row in drawn[::100]:
        assert items[row["filename"]].frame == _frame(row)


def test_tables_are_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_boxes(SampleWeb(2, 5), tmp_path / f"{name}.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
