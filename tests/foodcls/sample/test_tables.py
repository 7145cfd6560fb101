"""The tables of recipes/sample.yaml tell the truth about the sample web."""

import csv
from pathlib import Path

from foodcls.sample.dishes import LABELS
from foodcls.sample.web import SampleWeb

TABLES = Path(__file__).parents[3] / "recipes" / "sample"
ITEMS = {item.file: item for label in LABELS for item in SampleWeb().items(label)}


def _rows(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_filter_drops_what_a_person_would_without_one_of_each_two_near_duplicates() -> None:
    """Dedup drops one of the two, and `filter` says of each row of such that it keeps in vain."""
    decided = _rows("filter.csv")
    pictures = [file for file, item in ITEMS.items() if item.is_picture]
    files = [row["path"] for row in decided]
    assert files == [file for file in pictures if file in files]
    left_out = {file for file in pictures if file not in files}
    pairs = [{one.file, one.source} for one in ITEMS.values() if "near_duplicate" in one.kind]
    assert left_out <= set().union(*pairs) and len(left_out) == len(pairs)
    for row in decided:
        item = ITEMS[row["path"]]
        shown = item.label or item.kind.rpartition(":")[2]
        told = ("1", "") if item.label == item.found_as else ("0", f"shows {shown}")
        assert (row["keep"], row["reason"]) == told


def test_each_picture_that_is_kept_has_its_true_box() -> None:
    drawn, kept = _rows("boxes.csv"), [row for row in _rows("filter.csv") if row["keep"] == "1"]
    assert [row["filename"] for row in drawn] == [row["path"] for row in kept]
    assert all(row["class"] == ITEMS[row["filename"]].label for row in drawn)
    for row in drawn[::100]:
        box = tuple(int(row[name]) for name in ("xmin", "ymin", "xmax", "ymax"))
        assert ITEMS[row["filename"]].frame == (box, int(row["width"]), int(row["height"]))
