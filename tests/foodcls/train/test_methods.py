"""Each way of learning, end to end: from a manifest to answers of the exported file."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.evaluate.evaluate import evaluate
from foodcls.export.export import export
from foodcls.recipe.train_settings import Target, Train
from foodcls.store.store import Store
from foodcls.train.train import train

CUTOUT = Target(shape="cutout", rotation="any")


@pytest.mark.parametrize("target", [None, CUTOUT], ids=["photos", "cut out"])
@pytest.mark.parametrize(("method", "epochs"), [("probe", 1), ("probe_then_finetune", 3)])
def test_repeats_are_equal_to_the_bit_and_exported_as_they_were_judged(
    gallery: Callable[[Store], pd.DataFrame],
    labels: tuple[str, ...],
    quick: Train,
    store: Store,
    tmp_path: Path,
    method: str,
    epochs: int,
    target: Target | None,
) -> None:
    manifest = gallery(store)
    settings = quick.model_copy(update={"method": method, "target": target, "hidden_units": 0})
    one, other = (
        train(manifest, store, labels, settings, tmp_path / name) for name in ("one", "other")
    )
    assert one.weights == other.weights and one.digest == other.digest
    assert [report.l2 > 0 for report in one.reports] == [True, *[False] * (epochs - 1)]
    assert one.facts["method"] == method and one.facts["tta"] == (3 if target else 1)
    assert one.best.val_accuracy > 0.8
    assert evaluate(one, manifest, store, tmp_path / "one").accuracy > 0.6
    # the files are compared with the network on all held-out pictures
    assert export(one, manifest, store, {}).max_difference < 1e-4
