from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foodcls.errors import TrainingError
from foodcls.features.pixels import decode_rows
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import drop_rows, new_manifest, split_rows
from foodcls.network.network import start_network
from foodcls.network.partition import Partition
from foodcls.recipe.data_settings import AffineRanges
from foodcls.recipe.train_settings import Extras, Target, Train
from foodcls.store.store import Store
from foodcls.train.dataset import (
    InputSpec,
    check_splits,
    data_digest,
    encode_labels,
    load_dataset,
    load_datasets,
)
from foodcls.train.online_augment import RandomAffine
from foodcls.train.prepare import choose_partition, load_train_val, loss_weights
from foodcls.train.views import View


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


WHOLE = Partition(trunk=None, tail=None)


def test_examples_are_pixels_where_there_is_no_trunk(
    manifest: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    rows = split_rows(manifest, "train")
    dataset = load_dataset(rows, ("a", "b"), InputSpec(WHOLE, 32), FeatureCache(store, tmp_path))
    (pixels,) = dataset.take(np.arange(2), epoch=1)
    assert pixels.shape == (2, 3, 32, 32) and len(dataset) == 2
    assert dataset.names[1].endswith(" 1.png")


def test_examples_come_look_by_look(manifest: pd.DataFrame, store: Store, tmp_path: Path) -> None:
    rows = split_rows(manifest, "train")
    views = tuple(View(Target(), 32, seed=0, number=number) for number in (1, 2))
    parts = [(rows, InputSpec(WHOLE, 32, changes=(None, *views))), (rows, InputSpec(WHOLE, 32))]
    train, val = load_datasets(parts, ("a", "b"), FeatureCache(store, tmp_path))
    assert train.targets.tolist() == [0, 1] * 3 and train.names[:2] == train.names[4:] == val.names
    pixels = train.inputs[0].take(range(6))
    assert np.array_equal(pixels[:2], val.inputs[0].take(range(2)))
    for place, view in enumerate(views, start=1):
        alone = decode_rows(rows, store, 32, [view]).take([0, 1])
        assert np.array_equal(pixels[2 * place : 2 * place + 2], alone)


def test_augmentation_changes_pixels_in_each_epoch_in_its_own_way(
    manifest: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    rows = split_rows(manifest, "train")
    spec = InputSpec(WHOLE, 32, augment=RandomAffine(AffineRanges(), seed=0))
    dataset = load_dataset(rows, ("a", "b"), spec, FeatureCache(store, tmp_path))
    first, again, other = (dataset.take(np.arange(2), epoch)[0] for epoch in (1, 1, 2))
    assert first.equal(again) and not first.equal(other)


def test_a_class_without_training_pictures_is_named(manifest: pd.DataFrame) -> None:
    train, val = split_rows(manifest, "train"), split_rows(manifest, "val")
    check_splits(train, val, ("a", "b"))
    with pytest.raises(TrainingError, match="no training pictures of c"):
        check_splits(train, val, ("a", "b", "c"))
    with pytest.raises(TrainingError, match=r"raise split\.val"):
        check_splits(train, val[:0], ("a", "b"))


def test_digest_follows_pictures_labels_and_their_order(manifest: pd.DataFrame) -> None:
    digest = data_digest(manifest)
    assert digest == data_digest(manifest.assign(origin="elsewhere"))
    assert digest != data_digest(manifest.assign(label="a"))
    assert digest != data_digest(manifest[::-1])


Gallery = Callable[[Store], pd.DataFrame]


@pytest.fixture
def feature_cache(store: Store, tmp_path: Path) -> FeatureCache:
    return FeatureCache(store, tmp_path / "cache")


def partition_of(settings: Train, feature_cache: FeatureCache) -> Partition:
    return choose_partition(start_network(settings, 3)[1], settings, "fp32", 36, feature_cache)


def with_extras(settings: Train, **extras: object) -> Train:
    return settings.model_copy(update={"extras": Extras.model_validate(extras)})


def test_what_is_frozen_is_a_trunk_that_runs_once(
    quick: Train, feature_cache: FeatureCache
) -> None:
    partition = partition_of(quick, feature_cache)
    assert partition.trunk is not None and partition.values > 0


@pytest.mark.parametrize(
    "changes",
    [{"trainable": ("all",)}, {"extras": Extras.model_validate({"augment": {}})}],
    ids=["nothing is frozen", "augmentation is online"],
)
def test_without_a_trunk_no_activation_is_kept(
    quick: Train, store: Store, gallery: Gallery, labels: tuple[str, ...],
    feature_cache: FeatureCache,
    changes: dict[str, object],
) -> None:  # fmt: skip
    settings = quick.model_copy(update=changes)
    partition = partition_of(settings, feature_cache)
    assert partition.trunk is None
    manifest = gallery(store)
    splits = split_rows(manifest, "train"), split_rows(manifest, "val")
    load_train_val(splits, labels, settings, InputSpec(partition, 32), feature_cache)
    assert list(feature_cache.folder.glob("pixels-*")) and not list(
        feature_cache.folder.glob("activations-*")
    )


def test_activations_without_room_run_anew(
    quick: Train, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cramped = FeatureCache(store, tmp_path / "cache", limit=100)
    assert partition_of(quick, cramped).trunk is None
    assert "raise train.cache_gb" in caplog.text


def test_only_training_pictures_are_changed(
    quick: Train,
    store: Store,
    gallery: Gallery,
    labels: tuple[str, ...],
    feature_cache: FeatureCache,
) -> None:
    settings = with_extras(quick, augment={})
    partition = partition_of(settings, feature_cache)
    manifest = gallery(store)
    splits = split_rows(manifest, "train"), split_rows(manifest, "val")
    changed, plain = (
        load_train_val(splits, labels, each, InputSpec(partition, 32), feature_cache)
        for each in (settings, quick)
    )
    for name, is_equal in (("train", False), ("val", True)):
        one, other = (getattr(train_val, name) for train_val in (changed, plain))
        places = one.targets[:4]
        assert one.take(places, 1)[0].equal(other.take(places, 1)[0]) is is_equal
    assert changed.val.augment is None


def test_classes_weigh_differently_only_if_asked(
    quick: Train,
    store: Store,
    gallery: Gallery,
    labels: tuple[str, ...],
    feature_cache: FeatureCache,
) -> None:
    manifest = gallery(store).drop(index=[0, 1, 2])
    splits = split_rows(manifest, "train"), split_rows(manifest, "val")
    train_val = load_train_val(
        splits, labels, quick, InputSpec(partition_of(quick, feature_cache), 32), feature_cache
    )
    assert loss_weights(train_val, quick) is None
    weights = loss_weights(train_val, with_extras(quick, balance="weights"))
    assert weights is not None and weights.tolist() == pytest.approx([5 / 3, 5 / 6, 5 / 6])
