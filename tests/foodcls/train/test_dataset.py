from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foodcls.errors import TrainingError
from foodcls.manifest import drop_rows, new_manifest
from foodcls.network.partition import Halves
from foodcls.recipe.data_settings import AffineRanges
from foodcls.store.store import Store
from foodcls.train.dataset import (
    Reading,
    check_splits,
    encode_labels,
    examples_digest,
    load_examples,
    split_rows,
)
from foodcls.train.online_augment import Mover
from foodcls.train.shelf import Shelf


@pytest.fixture
def manifest(store: Store, noise, encode) -> pd.DataFrame:
    rows = []
    for number, split in enumerate(("train", "train", "val", "val", "test")):
        digest = store.put(encode(noise(number)))
        rows.append({"id": digest, "picture": digest, "label": "ab"[number % 2], "state": "kept",
                     "split": split, "origin": f"{number}.png"})  # fmt: skip
    return new_manifest(rows)


def test_rows_of_a_split_are_its_kept_ones(manifest: pd.DataFrame) -> None:
    assert list(split_rows(manifest, "train")["origin"]) == ["0.png", "1.png"]
    assert list(split_rows(drop_rows(manifest, {0: "x"}, "filter"), "train")["origin"]) == ["1.png"]


def test_targets_are_places_in_the_labels(manifest: pd.DataFrame) -> None:
    assert list(encode_labels(manifest, ("b", "a"))) == [1, 0, 1, 0, 1]
    with pytest.raises(TrainingError, match="'b'"):
        encode_labels(manifest, ("a",))


WHOLE = Halves(trunk=None, tail=None)


def test_examples_are_pixels_where_there_is_no_trunk(
    manifest: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    rows = split_rows(manifest, "train")
    examples = load_examples(rows, ("a", "b"), Reading(WHOLE, 32), Shelf(store, tmp_path))
    (pixels,) = examples.take(np.arange(2), epoch=1)
    assert pixels.shape == (2, 3, 32, 32) and len(examples) == 2
    assert examples.names[1].endswith(" 1.png")


def test_a_mover_changes_pixels_in_each_epoch_in_its_own_way(
    manifest: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    rows = split_rows(manifest, "train")
    reading = Reading(WHOLE, 32, mover=Mover(AffineRanges(), seed=0))
    examples = load_examples(rows, ("a", "b"), reading, Shelf(store, tmp_path))
    first, again, other = (examples.take(np.arange(2), epoch)[0] for epoch in (1, 1, 2))
    assert first.equal(again) and not first.equal(other)


def test_a_class_without_training_pictures_is_named(manifest: pd.DataFrame) -> None:
    train, val = split_rows(manifest, "train"), split_rows(manifest, "val")
    check_splits(train, val, ("a", "b"))
    with pytest.raises(TrainingError, match="no training pictures of c"):
        check_splits(train, val, ("a", "b", "c"))
    with pytest.raises(TrainingError, match=r"raise split\.val"):
        check_splits(train, val[:0], ("a", "b"))


def test_digest_follows_pictures_labels_and_their_order(manifest: pd.DataFrame) -> None:
    digest = examples_digest(manifest)
    assert digest == examples_digest(manifest.assign(origin="elsewhere"))
    assert digest != examples_digest(manifest.assign(label="a"))
    assert digest != examples_digest(manifest[::-1])
