"""Each way of learning, end to end: from a manifest to answers of the exported file."""

import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.errors import TrainingError
from foodcls.evaluate.evaluate import evaluate
from foodcls.export.export import export
from foodcls.features.row_cache import FeatureCache
from foodcls.recipe.train_settings import Target, Train
from foodcls.store.store import Store
from foodcls.train.train import train

CUTOUT = Target(shape="cutout", rotation="any")


@pytest.mark.parametrize("target", [None, CUTOUT], ids=["photos", "cut out"])
@pytest.mark.parametrize(
    ("method", "epochs"), [("finetune", 3), ("probe", 1), ("probe_then_finetune", 3)]
)
def test_repeats_are_equal_to_the_bit_and_exported_as_they_were_judged(
    gallery: Callable[[Store], pd.DataFrame],
    labels: tuple[str, ...],
    quick: Train,
    store: Store,
    tmp_path: Path,
    method: str,
    epochs: int,
    target: Target | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    manifest = gallery(store)
    caplog.set_level(logging.INFO)
    settings = quick.model_copy(update={"method": method, "target": target, "hidden_units": 0})
    one, other = (
        train(manifest, store, labels, settings, tmp_path / name) for name in ("one", "other")
    )
    assert one.weights == other.weights and one.digest == other.digest
    begins = method != "finetune"
    assert [report.l2 > 0 for report in one.reports] == [begins, *[False] * (epochs - 1)]
    assert (
        "3 views of each for the target: shape cutout, background white" in caplog.text
    ) == bool(target)
    assert one.facts["method"] == method and one.facts["tta"] == (3 if target else 1)
    # steps alone, from random weights, have learnt little yet
    assert not begins or one.best.val_accuracy > 0.8
    assert (
        not begins or evaluate(one, manifest, FeatureCache(store, tmp_path / "one")).accuracy > 0.6
    )
    # the files are compared with the network on held-out pictures; those of one view, and of a
    # backbone that has learnt, are in the tests of export and of strangers
    if target and method == "probe":
        assert export(one, manifest, store, {}).max_difference < 1e-4


@pytest.mark.parametrize("target", [None, CUTOUT], ids=["photos", "cut out"])
def test_own_photos_are_learnt_from_last_bit_by_bit_the_same(
    gallery: Callable[[Store], pd.DataFrame],
    labels: tuple[str, ...],
    quick: Train,
    store: Store,
    tmp_path: Path,
    target: Target | None,
) -> None:
    """A class's own photos look like another's crawled ones, as a canteen's may."""
    manifest, changes = gallery(store), {"method": "probe", "target": target, "hidden_units": 0}
    settings = quick.model_copy(update=changes)
    plain = train(manifest, store, labels, settings, tmp_path / "plain")
    # two classes have own photos, one has none
    rows = manifest.index[(manifest["split"] == "test") & (manifest["label"] != labels[2])]
    own = manifest.copy()
    own.loc[rows, "split"], own.loc[rows, "source"] = "own", "own"
    own.loc[rows, "label"] = own.loc[rows, "label"].map(
        {labels[0]: labels[1], labels[1]: labels[0]}
    )
    one, other = (train(own, store, labels, settings, tmp_path / name) for name in ("one", "other"))
    assert one.weights == other.weights and one.digest == other.digest
    assert one.own_count == 6 and one.data_digest != plain.data_digest
    before, after = (evaluate(each, own, FeatureCache(store, tmp_path / "one"), "own").accuracy
                     for each in (plain, one))  # fmt: skip
    assert before < 0.4 and after > before + 0.3
    # the class without own photos is not forgotten
    third = next(one for one in evaluate(one, own, FeatureCache(store, tmp_path / "one")).per_class
                 if one.label == labels[2])  # fmt: skip
    assert third.recall == 1
    with pytest.raises(TrainingError, match="method probe, not finetune"):
        train(own, store, labels, settings.model_copy(update={"method": "finetune"}), tmp_path)
