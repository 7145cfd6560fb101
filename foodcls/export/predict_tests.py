"""Asks an exported file about the test pictures of a manifest, as any other program would."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import torch

from foodcls.errors import InputError
from foodcls.export.load import Model
from foodcls.metrics.predictions import Answers
from foodcls.metrics.ranks import Floats
from foodcls.network.resize import as_images
from foodcls.progress import Track, silent
from foodcls.store.store import Store
from foodcls.train.dataset import data_digest, encode_labels, split_rows
from foodcls.train.pixels import read_picture


def answer_tests(
    model: Model,
    manifest: pd.DataFrame,
    store: Store,
    groups: Mapping[str, str] | None = None,
    track: Track = silent,
) -> Answers:
    """What a model says of the kept test rows; InputError when it cannot tell their classes.

    `groups` are names by id of pictures that belong together, in place of their clusters.
    """
    rows = split_rows(manifest, "test")
    if rows.empty:
        raise InputError("the manifest has no test pictures; raise split.test, or name a test set")
    strange = sorted(set(rows["label"]) - set(model.labels))
    if strange:
        raise InputError(
            f"the test pictures are of {', '.join(strange[:5])} too, which the model does not "
            f"know; it tells apart {', '.join(model.labels)}"
        )
    clusters = zip(rows["id"], rows["cluster"], strict=True)
    return Answers(
        labels=model.labels,
        ids=tuple(rows["id"]),
        origins=tuple(rows["origin"]),
        groups=tuple((groups or {}).get(digest, cluster) for digest, cluster in clusters),
        truth=encode_labels(rows, model.labels),
        probabilities=ask(model, track(rows["picture"], len(rows), "answer"), store),
    )


def ask(model: Model, pictures: Iterable[str], store: Store) -> Floats:
    """The probabilities (N, C) for pictures in the store, by digest; there must be one at least."""
    return np.stack([_ask(model, digest, store) for digest in pictures])


def learnt_from(model: Model, manifest: pd.DataFrame) -> bool:
    """Whether a model learnt from, and was chosen by, just the pictures that this manifest says.

    Where it did, the manifest's test pictures had no part in it.
    """
    splits = (split_rows(manifest, split) for split in ("train", "val"))
    return model.provenance.get("train.data_digest") == data_digest(*splits)


@torch.inference_mode()
def _ask(model: Model, digest: str, store: Store) -> Floats:
    # torch wants an array that it may write to
    pixels = np.array(read_picture(digest, store))
    answer: Floats = model.module(as_images(pixels[None]))[0].numpy()
    return answer
