"""Predicts the test pictures of a manifest by an exported model."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from foodcls.errors import InputError
from foodcls.export.model import Model
from foodcls.features.pixels import read_picture
from foodcls.manifest import LEARNT, split_rows
from foodcls.metrics.predictions import Predictions
from foodcls.metrics.ranks import Floats
from foodcls.progress import Track, silent
from foodcls.store.store import Store
from foodcls.train.dataset import data_digest, encode_labels
from foodcls.work.memory import retain_freed_memory


def predict_tests(
    model: Model,
    manifest: pd.DataFrame,
    store: Store,
    groups: Mapping[str, str] | None = None,
    track: Track = silent,
) -> Predictions:
    """Predictions for the kept test rows; InputError when the model lacks one of their classes.

    `groups` names by id the pictures that belong together, in place of their clusters.
    """
    rows = find_tests(manifest, model.labels)
    clusters = zip(rows["id"], rows["cluster"], strict=True)
    return Predictions(
        labels=model.labels,
        ids=tuple(rows["id"]),
        origins=tuple(rows["origin"]),
        groups=tuple((groups or {}).get(digest, cluster) for digest, cluster in clusters),
        truth=encode_labels(rows, model.labels),
        probabilities=predict_stored(model, track(rows["picture"], len(rows), "answer"), store),
    )


def find_tests(manifest: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """The kept test rows; InputError when there are none, or some are of no class of `labels`."""
    rows = split_rows(manifest, "test")
    if rows.empty:
        raise InputError("the manifest has no test pictures; raise split.test, or name a test set")
    strange = sorted(set(rows["label"]) - set(labels))
    if strange:
        raise InputError(
            f"the test pictures are of {', '.join(strange[:5])} too, which the model does not "
            f"know; it tells apart {', '.join(labels)}"
        )
    return rows


def predict_stored(model: Model, pictures: Iterable[str], store: Store) -> Floats:
    """Probabilities, float32 (N, C), of one or more pictures in the store, given by digest."""
    with retain_freed_memory():
        answers = [model.answer(read_picture(digest, store)[None])[0][0] for digest in pictures]
    return np.stack(answers)


def is_trained_on(model: Model, manifest: pd.DataFrame) -> bool:
    """Whether a model was trained and validated on just this manifest's pictures for that.

    If so, it has not seen the manifest's test pictures.
    """
    splits = (split_rows(manifest, split) for split in LEARNT)
    return model.provenance.get("train.data_digest") == data_digest(*splits)
