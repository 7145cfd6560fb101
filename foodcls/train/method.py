"""Chooses the way of learning where a recipe leaves that open: `train.method: auto`."""

import logging
from collections.abc import Sequence

import pandas as pd

from foodcls.manifest import split_rows
from foodcls.recipe.train_settings import Extras, Train

log = logging.getLogger(__name__)

# validation pictures a class, by which steps are chosen; docs/models.md has what was measured
FEW = 30
EPOCHS = ("epochs",)
# what only the steps of an optimizer use: whoever sets it wants these steps
STEPS = ("trainable", "lr")
STEP_EXTRAS = ("warmup", "cosine", "layer_decay", "ema", "mixup", "augment")


def settle_method(settings: Train, manifest: pd.DataFrame) -> Train:
    """Settings with a method, chosen for the pictures of a manifest where it is `auto`."""
    if settings.method != "auto":
        return settings
    method, reason = _choose(settings, manifest)
    log.info("method: %s, as %s", method, reason)
    return settings.model_copy(update={"method": method})


def list_idle(settings: Train) -> list[str]:
    """The keys that a recipe sets and that its probe, which takes no steps, ignores."""
    return [*_steps(settings), *_changed(settings, EPOCHS)] if settings.method == "probe" else []


def _choose(settings: Train, manifest: pd.DataFrame) -> tuple[str, str]:
    if len(split_rows(manifest, "own")):
        return "probe", "own photos are learnt from by no other"
    if settings.weights == "none":
        return "finetune", "the backbone has learnt nothing yet"
    if named := ", ".join(_steps(settings)):
        return "finetune", f"the recipe sets {named}"
    # no copies are among these
    rows = split_rows(manifest, "val")
    each = len(rows) / max(1, rows["label"].nunique())
    if each >= FEW:
        return "probe_then_finetune", f"there are {each:.0f} validation pictures a class"
    if named := ", ".join(_changed(settings, EPOCHS)):
        return "finetune", f"the recipe sets {named}"
    return "probe", f"{each:.0f} validation pictures a class are few"


def _steps(settings: Train) -> list[str]:
    """What a recipe sets of what only steps use, by its keys."""
    extras = (f"extras.{key}" for key in _changed(settings.extras, STEP_EXTRAS))
    return [*_changed(settings, STEPS), *extras]


def _changed(settings: Train | Extras, keys: Sequence[str]) -> list[str]:
    """The keys whose values are not the default ones."""
    usual = type(settings)()
    return [key for key in keys if getattr(settings, key) != getattr(usual, key)]
