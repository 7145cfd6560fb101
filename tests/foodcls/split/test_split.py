"""Clusters never part, nothing moves when pictures come, and each class has its share."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foodcls.errors import StageError
from foodcls.manifest import KEPT, class_counts, drop_rows, kept_rows, new_manifest
from foodcls.recipe.data_settings import Split
from foodcls.split.split import split, unit_hashes

LABELS = ("beans", "salad", "bread")
SEEDS = st.integers(0, 2**32 - 1)


def clusters_of(
    sizes: Iterable[int], label: str = "beans", source: str = "urls"
) -> list[dict[str, str]]:
    """Rows of clusters with these many members each."""
    return [
        {
            "id": f"{label}{number}-{member}",
            "label": label,
            "cluster": f"{label}{number}",
            "state": KEPT,
            "source": source,
        }
        for number, size in enumerate(sizes)
        for member in range(size)
    ]


@pytest.fixture(scope="module")
def planted() -> pd.DataFrame:
    dice = np.random.default_rng(0)
    rows = [row for label in LABELS for row in clusters_of(dice.integers(1, 6, 60), label)]
    return new_manifest(rows)


@settings(max_examples=10)
@given(SEEDS)
def test_split_keeps_clusters_together(planted: pd.DataFrame, seed: int) -> None:
    found = split(planted, Split(seed=seed), LABELS)
    assert (found.groupby("cluster")["split"].nunique() == 1).all()
    assert set(found["split"]) == {"train", "val", "test"}


@settings(max_examples=25)
@given(SEEDS, st.integers(5, 60), st.sampled_from([(0.2, 0.2), (0.1, 0.3), (0.25, 0.0)]))
def test_shares_are_kept_in_each_class(seed: int, count: int, shares: tuple[float, float]) -> None:
    """Twelve pictures came out as 7 for the test, 1 for validation and 4 to learn from."""
    val, test = shares
    rows = [row for label in LABELS for row in clusters_of([1] * count, label)]
    if not test:
        rows += [{**row, "cluster": "outside"} for row in clusters_of([1], "salad", "test")]
    found = split(new_manifest(rows), Split(val=val, test=test, seed=seed), LABELS)
    counts = class_counts(found[found["source"] != "test"])
    for label in LABELS:
        assert abs(counts[label]["val"] - val * count) <= 1
        assert abs(counts[label].get("test", 0) - test * count) <= 1


@settings(max_examples=15)
@given(SEEDS, st.lists(st.integers(1, 3), min_size=12, max_size=30))
def test_shares_are_kept_where_clusters_allow_it(seed: int, sizes: list[int]) -> None:
    found = split(new_manifest(clusters_of([1, 1, 1, *sizes])), Split(seed=seed), LABELS[:1])
    counts, total = class_counts(found)["beans"], 3 + sum(sizes)
    assert abs(counts["val"] - 0.2 * total) <= 1 and abs(counts["test"] - 0.2 * total) <= 1


def test_what_clusters_do_not_allow_is_warned_of(caplog) -> None:
    split(new_manifest(clusters_of([20, 1, 1])), Split(), LABELS[:1])
    assert "beans: 20 of 22 pictures are" in caplog.text and "look-alikes" in caplog.text
    caplog.clear()
    split(new_manifest(clusters_of([2, 1, 3, 1, 1, 2])), Split(), LABELS[:1])
    assert not caplog.text


def test_new_pictures_move_no_other(planted: pd.DataFrame) -> None:
    before = split(planted, Split(), LABELS)
    more = new_manifest(
        {**row, "id": "n" + row["id"], "cluster": "n" + row["cluster"]}
        for label in LABELS
        for row in clusters_of([1] * 12, label)
    )
    stood = before.set_index("id")["split"].to_dict()
    after = split(pd.concat([more, planted], ignore_index=True), Split(), LABELS, stood)
    old = after[~after["id"].str.startswith("n")]
    assert old["split"].tolist() == before["split"].tolist()
    assert set(after["split"].iloc[:36]) == {"train", "val", "test"}


@settings(max_examples=10)
@given(SEEDS)
def test_whoever_stood_somewhere_stays_with_all_that_look_like_it(
    planted: pd.DataFrame, seed: int
) -> None:
    """Clusters grow, and take other names."""
    wanted = Split(seed=seed)
    before = split(planted, wanted, LABELS).set_index("id")["split"].to_dict()
    renamed = planted.assign(cluster="new " + planted["cluster"])
    newcomers = new_manifest(
        {**row, "id": f"n{row['id']}", "cluster": f"new {row['cluster']}"}
        for label in LABELS
        for row in clusters_of([1] * 12, label)
    )
    found = split(pd.concat([newcomers, renamed], ignore_index=True), wanted, LABELS, before)
    assert (found["state"] == KEPT).all()
    old = found[found["id"].isin(before)]
    assert old["split"].tolist() == [before[digest] for digest in old["id"]]
    assert (found.groupby("cluster")["split"].nunique() == 1).all()
    assert split(renamed, wanted, LABELS)["split"].tolist() != old["split"].tolist()


def test_of_two_that_turn_out_alike_the_one_that_was_tested_by_stays(planted: pd.DataFrame) -> None:
    before = split(planted, Split(), LABELS).set_index("id")["split"]
    clusters = planted.drop_duplicates("cluster").set_index("id")["cluster"]
    names = {side: clusters[before[clusters.index] == side].iloc[0] for side in set(before)}
    merged = planted.assign(cluster=planted["cluster"].replace(names["train"], names["test"]))
    found = split(merged, Split(), LABELS, before.to_dict())
    lost = found[found["state"] == "dropped"]
    assert set(lost["id"]) == set(planted.loc[planted["cluster"] == names["train"], "id"])
    assert set(lost["stage"]) == {"split"} and set(lost["reason"]) == {"looks like a test picture"}
    stayed = found[found["state"] == KEPT]
    assert stayed["split"].tolist() == before[stayed["id"]].tolist()


def test_a_dropped_copy_tells_where_its_cluster_stood(planted: pd.DataFrame) -> None:
    """The kept one is new: what it took the place of was in the test."""
    rows = [*clusters_of([2]), *clusters_of([1] * 20), *clusters_of([1] * 20, "salad")]
    manifest = drop_rows(new_manifest(rows), {1: "near duplicate"}, "dedup")
    for side in ("test", "val", "train"):
        found = split(manifest, Split(), ("beans", "salad"), {"beans0-1": side})
        assert found["split"].iloc[0] == side and found["split"].iloc[1] == ""


def test_order_does_not_matter(planted: pd.DataFrame) -> None:
    found = split(planted, Split(), LABELS)
    mixed = split(planted.sample(frac=1, random_state=1), Split(), LABELS)
    assert mixed.loc[found.index, "split"].tolist() == found["split"].tolist()


def test_seeds_give_other_splits(planted: pd.DataFrame) -> None:
    first, second = (split(planted, Split(seed=seed), LABELS)["split"] for seed in (0, 1))
    assert (first != second).mean() > 0.2


@settings(max_examples=10)
@given(SEEDS)
def test_small_classes_get_one_of_each(seed: int) -> None:
    rows = [row for label in LABELS for row in clusters_of([1, 2, 1], label)]
    counts = class_counts(split(new_manifest(rows), Split(seed=seed), LABELS))
    assert all(all(counts[label].values()) for label in LABELS)


@settings(max_examples=10)
@given(SEEDS)
def test_mending_one_class_does_not_empty_another(seed: int) -> None:
    """Clusters that two classes share are moved for neither's sake alone."""
    rows = clusters_of([1] * 4, "beans") + clusters_of([1] * 4, "salad")
    for row in rows:
        row["cluster"] = row["cluster"].replace("salad0", "beans0").replace("salad1", "beans1")
    found = split(new_manifest(rows), Split(seed=seed), LABELS[:2])
    assert (found.groupby("cluster")["split"].nunique() == 1).all()
    counts = class_counts(found)
    assert all(all(counts[label].values()) for label in LABELS[:2])


@pytest.mark.parametrize(
    "sizes, test, enough",
    [([], 0.2, False), ([9, 9], 0.2, False), ([9, 9], 0.0, True), ([1, 1, 1], 0.2, True)],
    ids=str,
)
def test_too_few_clusters_are_an_error_by_name(sizes: list[int], test: float, enough: bool) -> None:
    manifest = new_manifest(clusters_of([1] * 9, "salad") + clusters_of(sizes))
    if enough:
        split(manifest, Split(test=test), LABELS[:2])
        return
    with pytest.raises(StageError, match=f"beans: {len(sizes)}.*collect more") as caught:
        split(manifest, Split(test=test), LABELS[:2])
    assert "salad:" not in str(caught.value)


def test_a_picture_of_an_outside_test_set_tests_wherever_it_stood_before(planted) -> None:
    outside = new_manifest(clusters_of([2], "salad", "test")).assign(cluster="outside")
    before = dict(zip(outside["id"], ("train", "val"), strict=True))
    found = split(pd.concat([planted, outside], ignore_index=True), Split(), LABELS, before)
    assert found.iloc[-2:][["state", "split"]].to_numpy().tolist() == [["kept", "test"]] * 2


def test_an_outside_test_set_is_the_test_split(planted: pd.DataFrame) -> None:
    outside = new_manifest(clusters_of([1] * 5, "salad", "test")).assign(cluster="outside")
    both = pd.concat([planted, outside], ignore_index=True)
    found = split(both, Split(), LABELS)
    assert (found["split"] == "test").tolist() == (both["source"] == "test").tolist()


def test_pictures_like_a_test_picture_are_not_learned(planted: pd.DataFrame) -> None:
    outside = new_manifest(clusters_of([1], "salad", "test")).assign(cluster="beans3")
    found = split(pd.concat([planted, outside], ignore_index=True), Split(), LABELS)
    like = found[found["cluster"] == "beans3"]
    assert (like["source"] == "test").tolist() == (like["state"] == "kept").tolist()
    assert set(like.loc[like["state"] == "dropped", "stage"]) == {"split"}
    assert len(kept_rows(found)) == len(planted) + 2 - len(like)


def test_dropped_rows_are_in_no_split(planted: pd.DataFrame) -> None:
    found = split(drop_rows(planted, {0: "junk"}, "filter"), Split(), LABELS)
    assert found["split"].iloc[0] == "" and (found["split"].iloc[1:] != "").all()


def test_without_dedup_copies_still_stay_together() -> None:
    rows = [{**row, "cluster": ""} for row in clusters_of([1] * 40)] * 2
    found = split(new_manifest(rows), Split(), ("beans",))
    assert (found.groupby("id")["split"].nunique() == 1).all()


def test_places_are_spread_evenly() -> None:
    places = unit_hashes(0, map(str, range(4000)))
    assert min(places) >= 0 and max(places) < 1
    assert np.histogram(places, 10, (0, 1))[0].min() > 320


def test_photos_of_which_no_bytes_arrived_are_not_said_to_look_alike(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An own photo and a test picture that nobody may read have no id, and so the same one."""
    rows = clusters_of([1] * 9) + clusters_of([1], "salad", "own")
    locked = {"label": "beans", "state": "dropped", "reason": "unreadable: Permission denied"}
    rows += [{**locked, "source": source, "origin": f"{source}.jpg"} for source in ("own", "test")]
    found = split(new_manifest(rows), Split(), ["beans"])
    assert "own.jpg" not in caplog.text and (found["split"] == "own").sum() == 1
