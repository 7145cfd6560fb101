"""Chooses the way of learning where a recipe leaves that open: `train.method: auto`."""

import logging
from collections.abc import Iterator

import pandas as pd

from foodcls.manifest import split_rows
from foodcls.recipe.train_settings import Extras, Train

log = logging.getLogger(__name__)

# validation pictures a class, by which steps are chosen; docs/models.md has what was measured
FEW = 30
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
    """What a recipe sets and a probe, which takes no steps, does not use, by its keys."""
    return [*_steps(settings), *_epochs(settings)] if settings.method == "probe" else []


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
    if named := ", ".join(_epochs(settings)):
        return "finetune", f"the recipe sets {named}"
    return "probe", f"{each:.0f} validation pictures a class are few"


def _epochs(settings: Train) -> Iterator[str]:
    if settings.epochs != Train().epochs:
        yield "epochs"


def _steps(settings: Train) -> Iterator[str]:
    """What a recipe sets of what only steps use, by its keys."""
    usual, extras = Train(), Extras()
    yield from (key for key in STEPS if getattr(settings, key) != getattr(usual, key))
    for key in STEP_EXTRAS:
        if getattr(settings.extras, key) != getattr(extras, key):
            yield f"extras.{key}"
