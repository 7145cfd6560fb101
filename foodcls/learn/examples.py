"""Turns manifest rows of one split into what a network's tail reads and should answer."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from foodcls.errors import TrainingError
from foodcls.judge.metrics import Ints
from foodcls.learn.activations import load_activations
from foodcls.learn.fit import Examples
from foodcls.learn.halves import Halves
from foodcls.learn.pixels import load_pixels
from foodcls.manifest import kept_rows
from foodcls.progress import Track
from foodcls.store import Store, digest_json

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shelf:
    """Where pictures are read from, where what is made of them is kept, and who is told."""

    store: Store
    cache: Path
    track: Track


def split_rows(manifest: pd.DataFrame, split: str) -> pd.DataFrame:
    """The kept rows of one split, in the manifest's order."""
    kept = kept_rows(manifest)
    return kept[kept["split"] == split]


def load_examples(
    rows: pd.DataFrame, labels: Sequence[str], halves: Halves, size: int, shelf: Shelf
) -> Examples:
    """Decode the rows' pictures and run the trunk over them, as far as that is not yet done."""
    pixels = load_pixels(rows, shelf.store, size, shelf.cache, shelf.track)
    digests = list(rows["picture"])
    return Examples(
        inputs=load_activations(halves, pixels, digests, shelf.cache, shelf.track),
        targets=encode_labels(rows, labels),
        names=tuple(rows["id"].str.slice(0, 12) + " " + rows["origin"]),
    )


def encode_labels(rows: pd.DataFrame, labels: Sequence[str]) -> Ints:
    """The place of each row's label in `labels`; TrainingError for a label that is not there."""
    places = {label: number for number, label in enumerate(labels)}
    unknown = sorted(set(rows["label"]) - set(places))
    if unknown:
        raise TrainingError(
            f"the manifest has pictures of {unknown}, which are not among the classes "
            f"{list(labels)}; add them to the recipe or leave their pictures out"
        )
    return np.array([places[label] for label in rows["label"]], dtype=np.int64)


def check_splits(train: pd.DataFrame, val: pd.DataFrame, labels: Sequence[str]) -> None:
    """TrainingError when a class has nothing to learn from, or nothing is left to choose by."""
    bare = [label for label in labels if label not in set(train["label"])]
    if bare:
        raise TrainingError(
            f"no training pictures of {', '.join(bare)}; collect more of them, or take the class "
            "out of the recipe"
        )
    if len(val) == 0:
        raise TrainingError("no validation pictures to choose the best epoch by; raise split.val")
    unseen = [label for label in labels if label not in set(val["label"])]
    if unseen:
        log.warning("no validation pictures of %s: they do not count in the choice", unseen)


def examples_digest(*splits: pd.DataFrame) -> str:
    """SHA-256 over the ordered pictures and labels of these rows."""
    return digest_json([rows[["picture", "label"]].to_numpy().tolist() for rows in splits])
