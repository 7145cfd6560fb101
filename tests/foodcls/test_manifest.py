from pathlib import Path

import pandas as pd
import pytest

from foodcls.errors import TableError
from foodcls.manifest import (
    SPLITS,
    SplitsRef,
    class_counts,
    drop_rows,
    fill_cells,
    kept_rows,
    load_manifest,
    load_splits,
    missing_blobs,
    new_manifest,
    save_manifest,
)
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import read_manifest, write_manifest


def rows(count: int = 3, **extra: object) -> pd.DataFrame:
    return new_manifest({"id": f"id{i}", "label": "NA", "state": "kept", **extra}
                        for i in range(count))  # fmt: skip


def test_saved_manifest_comes_back_equal(store: Store) -> None:
    table = rows(origin='a "quoted", \n two-line name', width=3)
    table.loc[1, "width"] = pd.NA
    back = load_manifest(save_manifest(table, store, "collect"), store)
    pd.testing.assert_frame_equal(back, table)
    assert set(back["label"]) == {"NA"}


def test_empty_manifest_comes_back_equal(store: Store) -> None:
    ref = save_manifest(new_manifest(), store, "collect")
    pd.testing.assert_frame_equal(load_manifest(ref, store), new_manifest())
    assert (ref.kept, ref.dropped) == (0, 0)


def test_dropped_rows_stay_with_stage_and_reason() -> None:
    table = rows()
    marked = drop_rows(table, {0: "blank", 2: "truncated"}, "inspect")
    assert len(marked) == 3 and list(kept_rows(marked)["id"]) == ["id1"]
    assert list(marked["reason"]) == ["blank", "", "truncated"]
    assert list(table["state"]) == ["kept"] * 3


def test_cells_go_into_the_rows_that_are_named_in_any_order() -> None:
    table = rows(width=3).iloc[[2, 0, 1]]
    filled = fill_cells(table, pd.Index([1, 2]), {"picture": ["b", "c"], "width": [7, 8]})
    assert filled["picture"].to_dict() == {2: "c", 0: "", 1: "b"}
    assert filled["width"].to_dict() == {2: 8, 0: 3, 1: 7}
    assert list(table["picture"]) == [""] * 3 and list(filled.dtypes) == list(table.dtypes)
    with pytest.raises(KeyError):
        fill_cells(table, pd.Index([1, 3]), {"picture": ["b", "c"]})


def test_digest_ignores_when_it_was_fetched_and_nothing_else(store: Store) -> None:
    table = rows()
    changes = ({}, {"fetched_at": "now", "attempts": 3}, {"reason": "x"})
    one, later, other = (
        save_manifest(table.assign(**change), store, "collect").digest for change in changes
    )
    assert one == later != other


def test_digest_is_the_one_of_earlier_versions(store: Store) -> None:
    """It is of the CSV text of all but volatile columns, whatever form the table is kept in."""
    table = new_manifest([
        {"id": "a" * 64, "label": "rice, fried", "origin": 'http://a.example/"x"', "rank": 3,
         "state": "kept", "split": "train", "picture": "b" * 64, "fetched_at": "now"},
        {"label": "NA", "detail": "two\nlines", "state": "dropped", "stage": "collect"},
    ])  # fmt: skip
    ref = save_manifest(table, store, "split")
    assert ref.digest == "f4df78f121578826882d8739577e0e3bc44481a9657c4cff4ac5d68a665192a5"
    assert ref.splits[0] == "e4b2334300e15368246adfb7850004d7ea00f56c21b2914fc92b64001271dffd"


def test_unknown_column_is_refused() -> None:
    with pytest.raises(ValueError, match="color"):
        new_manifest([{"color": "red"}])


def test_missing_blobs_are_pictures_of_kept_rows_and_the_table(store: Store) -> None:
    there = store.put(b"a")
    table = new_manifest([
        {"id": there, "state": "kept"},
        {"id": "x", "picture": "gone", "state": "kept"},
        {"id": "y", "picture": "gone too", "state": "dropped"},
    ])  # fmt: skip
    ref = save_manifest(table, store, "crop")
    assert missing_blobs(ref, store) == ["gone"]
    store.path(ref.blob).write_text("edited")
    assert missing_blobs(ref, store) == [ref.blob]


def test_table_for_people_holds_no_formula_and_comes_back(tmp_path: Path) -> None:
    table = rows(1, origin='=HYPERLINK("x")', detail="-1", label="@a")
    write_manifest(table, tmp_path / "manifest.csv")
    raw = pd.read_csv(tmp_path / "manifest.csv", dtype=str, keep_default_na=False)
    assert not raw.map(lambda cell: cell[:1] in "=+-@\t\r" if cell else False).to_numpy().any()
    pd.testing.assert_frame_equal(read_manifest(tmp_path / "manifest.csv"), table)


def test_columns_are_read_apart_and_a_bare_carriage_return_comes_back(
    store: Store, tmp_path: Path
) -> None:
    table = rows(2, detail="a\rb")
    write_manifest(table, tmp_path / "manifest.csv")
    pd.testing.assert_frame_equal(read_manifest(tmp_path / "manifest.csv"), table)
    wanted = ["detail", "rank"]
    ref = save_manifest(table, store, "collect")
    for found in (read_manifest(tmp_path / "manifest.csv", wanted),
                  load_manifest(ref, store, wanted)):  # fmt: skip
        pd.testing.assert_frame_equal(found, table[wanted])


def test_what_is_no_manifest_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TableError, match="x.csv is not a manifest"):
        read_manifest(tmp_path / "x.csv")
    with pytest.raises(TableError, match="foodcls prepare"):
        read_manifest(tmp_path / "gone.csv")
    # as is one that may not be read
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TableError, match="folder.csv: .*name a manifest"):
        read_manifest(tmp_path / "folder.csv")


def test_counts_are_by_label_and_split_of_kept_rows() -> None:
    table = rows(4).assign(split=["train", "train", "val", "test"])
    table = drop_rows(table, {1: "x"}, "filter")
    assert class_counts(table) == {"NA": {"train": 1, "val": 1, "test": 1}}


PARTS = [
    {"id": name, "picture": name, "label": "rice", "state": state, "split": split,
     "source": source}
    for name, state, split, source in (
        ("a", "kept", "train", "bing"), ("b", "dropped", "train", "bing"),
        ("c", "kept", "val", "bing"), ("d", "kept", "test", "test"), ("e", "dropped", "", "test"),
    )
]  # fmt: skip


def test_splits_are_read_apart_and_of_an_outside_test_set_all_rows(store: Store) -> None:
    ref = save_manifest(new_manifest(PARTS), store, "split")
    read = {names: "".join(load_splits(SplitsRef(ref, names), store)["id"])
            for names in (("train",), ("train", "val"), ("test",))}  # fmt: skip
    assert read == {("train",): "a", ("train", "val"): "ac", ("test",): "de"}


@pytest.mark.parametrize(
    ("row", "column", "changed"),
    [(0, "picture", "train"), (0, "label", "train"), (1, "picture", ""), (2, "picture", "val"),
     (3, "cluster", "test"), (4, "origin", "test"), (0, "origin", ""), (3, "page", "")],
)  # fmt: skip
def test_a_split_has_another_digest_for_what_it_says_alone(
    row: int, column: str, changed: str, store: Store
) -> None:
    table = new_manifest(PARTS)
    before = save_manifest(table, store, "split")
    table.loc[row, column] = "other"
    after = save_manifest(table, store, "split")
    differ = {name for name in SPLITS
              if SplitsRef(before, (name,)).digest != SplitsRef(after, (name,)).digest}  # fmt: skip
    assert differ == ({changed} if changed else set())
