"""Own photos are judged by heads that have not seen their group."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.evaluate.own_photos import judge_own
from foodcls.features.row_cache import FeatureCache
from foodcls.metrics.own_worth import OwnWorth
from foodcls.recipe.data_settings import Own
from foodcls.recipe.train_settings import Target, Train
from foodcls.store.store import Store
from foodcls.train.train import train


@pytest.fixture
def judge(
    gallery: Callable[[Store], pd.DataFrame],
    labels: tuple[str, ...],
    quick: Train,
    store: Store,
    tmp_path: Path,
) -> Callable[..., OwnWorth | None]:
    """Own photos, in folders of these names, of two classes that are called as the other one is."""
    manifest = gallery(store)
    rows = manifest.index[(manifest["split"] == "test") & (manifest["label"] != labels[2])]
    target = Target(shape="cutout")
    settings = quick.model_copy(update={"method": "probe", "target": target, "hidden_units": 0})

    def run(
        folders: tuple[str, ...], own: Own, clusters: str = "", times: int = 1
    ) -> OwnWorth | None:
        taken = manifest.copy()
        taken.loc[rows, ["split", "source", "cluster"]] = "own", "own", clusters
        swapped = taken.loc[rows, "label"].map({labels[0]: labels[1], labels[1]: labels[0]})
        taken.loc[rows, "label"] = swapped
        taken.loc[rows, "origin"] = [f"{label}/{folder}/x.png" for label, folder
                                     in zip(swapped, folders * 2, strict=True)]  # fmt: skip
        checkpoint = train(taken, store, labels, settings, tmp_path / "cache")
        found, *again = (judge_own(checkpoint, taken, FeatureCache(store, tmp_path / "cache"), own)
                         for _ in range(times))  # fmt: skip
        assert again == [found] * (times - 1)
        if found:
            learnt = set(manifest.loc[manifest["split"] == "train", "picture"])
            assert {*found.nearest, *found.farthest} <= learnt
        return found

    return run


def test_what_own_photos_are_worth_shows_on_groups_left_out(
    judge: Callable[..., OwnWorth | None], tmp_path: Path
) -> None:
    found = judge(("1", "2", "3"), Own(folder=tmp_path), times=2)
    assert found is not None and found.gain is not None
    assert (found.n, found.groups, found.by_class) == (6, 3, ())
    assert found.gain.a.accuracy.value < 0.4 and found.gain.accuracy.value > 0.3
    figures = found.headline
    assert figures["own_accuracy_gain"] == found.gain.accuracy.value
    assert figures["own_accuracy_gain_low"] <= figures["own_accuracy_gain"]
    assert 0 <= found.auc <= 1 and set(found.nearest).isdisjoint(found.farthest)


def test_of_one_group_nothing_is_claimed(
    judge: Callable[..., OwnWorth | None], tmp_path: Path
) -> None:
    found = judge(("1", "1", "1"), Own(folder=tmp_path))
    assert found is not None and found.gain is None and "own_accuracy_gain" not in found.headline


def test_nothing_is_learnt_from_what_looks_like_a_photo_that_is_left_out(
    judge: Callable[..., OwnWorth | None], tmp_path: Path
) -> None:
    found = judge(("1", "2", "3"), Own(folder=tmp_path), "all look alike")
    assert found is not None and found.gain is not None
    assert found.gain.only_a == found.gain.only_b == 0
