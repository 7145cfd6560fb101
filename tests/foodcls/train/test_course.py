from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.network.network import start_network
from foodcls.network.partition import Halves
from foodcls.recipe.train_settings import Extras, Train
from foodcls.store.store import Store
from foodcls.train.course import choose_halves, load_course, loss_weights
from foodcls.train.dataset import Reading, split_rows
from foodcls.train.shelf import Shelf

Gallery = Callable[[Store], pd.DataFrame]


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf(store, tmp_path / "cache")


def halves_of(settings: Train, shelf: Shelf) -> Halves:
    return choose_halves(start_network(settings, 3)[1], settings, "fp32", 36, shelf)


def with_extras(settings: Train, **extras: object) -> Train:
    return settings.model_copy(update={"extras": Extras.model_validate(extras)})


def test_what_is_frozen_is_a_trunk_that_runs_once(quick: Train, shelf: Shelf) -> None:
    halves = halves_of(quick, shelf)
    assert halves.trunk is not None and halves.values > 0


@pytest.mark.parametrize(
    "changes",
    [{"trainable": ("all",)}, {"extras": Extras.model_validate({"augment": {}})}],
    ids=["nothing is frozen", "augmentation is online"],
)
def test_without_a_trunk_no_activation_is_kept(
    quick: Train, store: Store, gallery: Gallery, labels: tuple[str, ...], shelf: Shelf,
    changes: dict[str, object],
) -> None:  # fmt: skip
    settings = quick.model_copy(update=changes)
    halves = halves_of(settings, shelf)
    assert halves.trunk is None
    manifest = gallery(store)
    splits = split_rows(manifest, "train"), split_rows(manifest, "val")
    load_course(splits, labels, settings, Reading(halves, 32), shelf)
    assert list(shelf.cache.glob("pixels-*")) and not list(shelf.cache.glob("activations-*"))


def test_activations_without_room_run_anew(
    quick: Train, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cramped = Shelf(store, tmp_path / "cache", limit=100)
    assert halves_of(quick, cramped).trunk is None
    assert "raise train.cache_gb" in caplog.text


def test_only_training_pictures_are_changed(
    quick: Train, store: Store, gallery: Gallery, labels: tuple[str, ...], shelf: Shelf
) -> None:
    settings = with_extras(quick, augment={}, background="white", background_share=1.0)
    halves = halves_of(settings, shelf)
    manifest = gallery(store)
    splits = split_rows(manifest, "train"), split_rows(manifest, "val")
    changed, plain = (
        load_course(splits, labels, each, Reading(halves, 32), shelf) for each in (settings, quick)
    )
    for name, is_equal in (("train", False), ("val", True)):
        one, other = (getattr(course, name) for course in (changed, plain))
        places = one.targets[:4]
        assert one.take(places, 1)[0].equal(other.take(places, 1)[0]) is is_equal
    assert changed.val.mover is None


def test_classes_weigh_differently_only_if_asked(
    quick: Train, store: Store, gallery: Gallery, labels: tuple[str, ...], shelf: Shelf
) -> None:
    manifest = gallery(store).drop(index=[0, 1, 2])
    splits = split_rows(manifest, "train"), split_rows(manifest, "val")
    course = load_course(splits, labels, quick, Reading(halves_of(quick, shelf), 32), shelf)
    assert loss_weights(course, quick) is None
    weights = loss_weights(course, with_extras(quick, balance="weights"))
    assert weights is not None and weights.tolist() == pytest.approx([5 / 3, 5 / 6, 5 / 6])
