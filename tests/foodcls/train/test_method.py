"""How is learnt where the recipe says nothing of it."""

import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import save_file

from foodcls.manifest import new_manifest
from foodcls.network.backbones import make_backbone
from foodcls.recipe.train_settings import Extras, Train
from foodcls.store.store import Store
from foodcls.train.method import FEW, list_idle, settle_method
from foodcls.train.train import train


def pictures(per_class: int, split: str = "val") -> pd.DataFrame:
    return new_manifest(
        [{"id": f"{label}{number}", "label": label, "state": "kept", "split": split}
         for label in "ab" for number in range(per_class)]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "manifest", "method", "reason"),
    [
        (Train(), pictures(FEW - 1), "probe", f"{FEW - 1} validation pictures a class are few"),
        (Train(), pictures(FEW), "probe_then_finetune", f"there are {FEW}"),
        (Train(), pictures(0), "probe", "0 validation"),
        (Train(), pictures(FEW, "own"), "probe", "own photos"),
        (Train(weights="none"), pictures(FEW), "finetune", "has learnt nothing yet"),
        (Train(lr=1e-3, trainable=()), pictures(FEW), "finetune", "sets trainable, lr"),
        (Train(epochs=4), pictures(3), "finetune", "the recipe sets epochs"),
        (Train(epochs=8), pictures(3), "finetune", "the recipe sets epochs"),
        (Train(epochs="auto"), pictures(3), "probe", "3 validation pictures"),
        (Train(epochs=4), pictures(FEW), "probe_then_finetune", f"there are {FEW}"),
        (Train(extras=Extras(ema=0.9)), pictures(3), "finetune", "sets extras.ema"),
        (Train(extras=Extras(tta=2), batch_size=40), pictures(3), "probe", "few"),
    ],
)
def test_the_method_follows_from_weights_pictures_and_what_the_recipe_sets(
    settings: Train, manifest: pd.DataFrame, method: str, reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO, "foodcls")
    chosen = settle_method(settings, manifest)
    assert chosen == settings.model_copy(update={"method": method})
    assert f"method: {method}, as " in caplog.text and reason in caplog.text
    assert settle_method(chosen, pictures(99)) is chosen


def test_what_of_a_recipe_a_probe_does_not_use_is_listed() -> None:
    assert list_idle(Train(method="probe", batch_size=40)) == []
    assert list_idle(Train(method="probe", lr=1e-3, epochs=4)) == ["lr", "epochs"]
    assert list_idle(Train(method="finetune", lr=1e-3)) == []


def test_what_was_chosen_is_recorded_and_the_same_in_each_repeat(
    gallery: Callable[[Store], pd.DataFrame], quick: Train, store: Store,
    labels: tuple[str, ...], tmp_path: Path,
) -> None:  # fmt: skip
    """A recipe that names a backbone with weights, and nothing else of the learning."""
    weights = tmp_path / "weights.safetensors"
    save_file(make_backbone(quick.backbone, "none", 32).module.state_dict(), weights)
    settings = Train(backbone=quick.backbone, weights=str(weights), input_size=32)
    manifest = gallery(store)
    one, other = (
        train(manifest, store, labels, settings, tmp_path / name) for name in ("one", "other")
    )
    assert one.weights == other.weights and one.digest == other.digest
    assert (one.facts["method"], one.facts["hidden_units"]) == ("probe", 0)
