"""Finds strangers, which a person dropped as of no class; from half of them a model learns."""

import logging
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from safetensors.torch import save as save_safetensors

from foodcls.evaluate.inference import embed_rows
from foodcls.evaluate.rejection import Examples, learn_rejection
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import FILTERED, cluster_names, is_of, picture_blobs, split_rows
from foodcls.recipe.train_settings import Rejection
from foodcls.store.store import Store, digest_of
from foodcls.train.checkpoint import Checkpoint, RejectionRef
from foodcls.train.dataset import encode_labels

log = logging.getLogger(__name__)

# what the filter adds to the reason of a picture that was decided by its copy
OF_COPY = r" \(decided of its copy [0-9a-f]*\)$"
LEARN, TEST = "learn", "test"
# clusters of strangers to learn from: two a fold
FEW = 10
# pictures of either side to learn from: the threshold's share is then known to 0.3 points, and
# each of them is compared with each, in memory
MANY = 5_000


def list_strangers(
    manifest: pd.DataFrame, reasons: Sequence[str], labels: Sequence[str], store: Store
) -> pd.DataFrame:
    """Rows of the strangers whose pictures are there, each once; `split` is "learn" or "test".

    `reasons` are words in the filter's reasons, in any case; `kind` is the whole reason. Half of
    the clusters of look-alikes are for test, by a hash of their names, so that they stay there.
    """
    rows = manifest[is_of(manifest, FILTERED)].drop_duplicates("id")
    kind = rows["reason"].str.replace(OF_COPY, "", regex=True)
    words = "|".join(map(re.escape, reasons)) or "(?!)"
    is_one = kind.str.contains(words, case=False) & rows["label"].isin(labels)
    rows = rows.assign(picture=picture_blobs(rows), kind=kind)[is_one]
    missing = set(store.lacking(rows["picture"]))
    rows = rows[~rows["picture"].isin(missing)]
    return rows.assign(split=[_part(name) for name in cluster_names(rows)])


def refuse_strangers(
    checkpoint: Checkpoint, manifest: pd.DataFrame, feature_cache: FeatureCache, settings: Rejection
) -> RejectionRef | None:
    """Learn from validation pictures and half of the strangers; None where these are too few."""
    labels, store = checkpoint.labels, feature_cache.store
    strangers = list_strangers(manifest, settings.reasons, labels, store)
    learnt = _draw(strangers[strangers["split"] == LEARN], MANY)
    known = _draw(split_rows(manifest, "val"), MANY)
    count = min(cluster_names(rows).nunique() for rows in (learnt, known))
    if count < FEW:
        if len(strangers):
            log.info("rejection: only %d strangers or known pictures, %d are needed to learn it",
                     count, FEW)  # fmt: skip
        return None
    rows = pd.concat([known, learnt])
    truth = np.append(encode_labels(known, labels), np.full(len(learnt), len(labels)))
    examples = Examples(
        *embed_rows(checkpoint, rows, feature_cache), truth, cluster_names(rows).to_numpy(object)
    )
    score, tensors, known_from = learn_rejection(examples, settings)
    # as an exported file holds them
    plain = {name: values.float().contiguous() for name, values in tensors.items()}
    blob = store.put(save_safetensors(plain), durable=True)
    return RejectionRef(score, blob, known_from, settings.reasons)


def _draw(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many rows, in their order: those whose ids' digests come first."""
    if len(rows) <= most:
        return rows
    order = np.argsort([digest_of(name.encode()) for name in rows["id"]], kind="stable")
    return rows.iloc[np.sort(order[:most])]


def _part(cluster: str) -> str:
    return TEST if int(digest_of(cluster.encode())[0], 16) % 2 else LEARN
