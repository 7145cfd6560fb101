"""Compares the champion with a new model, on test pictures that neither was trained on.

Pictures that are near one of many others by their hashes are found by multi-index hashing (Norouzi,
Punjani and Fleet 2012, CVPR), without comparing each with each. It is exact: a picture that it
passed over would be judged by though it was learnt from. All pairs within one set, at any distance
and mirrored, are found by foodcls.dedup.hamming.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import pandas as pd

from foodcls.export.model import Model
from foodcls.export.predict_tests import predict_stored
from foodcls.image.hashes import pack_hashes
from foodcls.manifest import LEARNT, split_rows
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.predictions import read_predictions
from foodcls.metrics.ranks import number_groups
from foodcls.promote.rule import (
    PromotionDecision,
    compare_models,
    judge_challenger,
    judge_successor,
)
from foodcls.recipe.train_settings import Promote
from foodcls.store.store import Store
from foodcls.train.dataset import encode_labels

# Hamming distance, of 64 bits, of phashes of one picture: a false match costs one test picture only
NEAR = 6
# of two hashes that differ in up to 7 bits, one band at least differs in 1 or none
BANDS, BITS = 4, 16
REACH = 2 * BANDS - 1
FLIPS = (0, *(1 << bit for bit in range(BITS)))
CHUNK = 1 << 20  # pairs that are looked at at once


def find_near(own: np.ndarray, others: np.ndarray, reach: int) -> np.ndarray:
    """Which hashes of `own` have one of `others` within `reach` bits, at most REACH.

    Both are uint64, of shape (n,) and (m,); the answer is bool of shape (n,).
    """
    if reach > REACH:
        raise ValueError(f"{reach} bits: hashes are found within {REACH}")
    wanted, inverse = np.unique(own, return_inverse=True)
    others, near = np.unique(others), np.zeros(len(wanted), bool)
    for shift in map(np.uint64, range(0, BANDS * BITS, BITS)):
        band = (others >> shift).astype(np.uint16)
        kept, counts = others[np.argsort(band)], np.bincount(band, minlength=1 << BITS)
        starts = np.cumsum(counts) - counts
        for flip in FLIPS:
            left = np.flatnonzero(~near)
            cell = (wanted[left] >> shift).astype(np.uint16) ^ np.uint16(flip)
            ends = np.cumsum(counts[cell])
            cuts = np.searchsorted(ends, range(CHUNK, ends[-1:].sum(), CHUNK))
            for one, into in zip(np.split(left, cuts), np.split(cell, cuts), strict=True):
                owner = np.repeat(one, counts[into])
                # the places of each one's cell, one after another
                first = starts[into] - np.cumsum(counts[into]) + counts[into]
                place = np.arange(len(owner)) + np.repeat(first, counts[into])
                near[owner[np.bitwise_count(wanted[owner] ^ kept[place]) <= reach]] = True
    return near[inverse]


@dataclass(frozen=True)
class Champion:
    """The model that serves, and its manifest: the pictures that it was trained on."""

    model: Model
    pictures: pd.DataFrame


def challenge(
    champion: Champion,
    challenger: Evaluation,
    manifest: pd.DataFrame,
    store: Store,
    rule: Promote,
) -> PromotionDecision:
    """Decide by the test rows of shared classes that the champion was not trained on."""
    known = champion.model.labels
    answers = read_predictions(store.read(challenger.predictions).decode())
    shared = [label for label in answers.labels if label in known]
    if len(shared) < 2:
        return PromotionDecision(
            True, "the classes have changed; the two models cannot be compared"
        )
    tests = split_rows(manifest, "test")
    is_fair = unseen_tests(manifest, champion.pictures) & tests["label"].isin(shared)
    rows = tests[is_fair]
    if len(rows) == 0:
        return PromotionDecision(
            False, "no test picture is left that the champion did not learn from"
        )
    found = compare_models(
        predict_stored(champion.model, rows["picture"], store)[:, _places(known, shared)],
        answers.probabilities[is_fair.to_numpy()][:, _places(answers.labels, shared)],
        encode_labels(rows, shared),
        # those that a person has named, where one has
        number_groups(compress(answers.groups, is_fair)),
    )
    is_same = set(known) == set(answers.labels)
    return judge_challenger(found, rule) if is_same else judge_successor(found)


def unseen_tests(manifest: pd.DataFrame, earlier: pd.DataFrame) -> pd.Series:
    """Which kept test rows of `manifest` a model with the manifest `earlier` has not seen.

    A cluster's split follows from a hash, so later pictures move no others; but they may merge two
    clusters or rename one, and a duplicate may have been kept in place of this picture then. So
    the earlier manifest decides: a row was seen if its file, or one of its cluster, was in a split
    that is learnt from, or if its hash is close to such a picture's, mirrored or not.
    """
    tests = split_rows(manifest, "test")
    learnt = earlier[earlier["split"].isin(LEARNT)]
    known = set(learnt["id"]) | set(learnt["parent"]) - {""}
    clusters = set(manifest.loc[manifest["id"].isin(known), "cluster"]) - {""}
    seen = tests["id"].isin(known) | tests["cluster"].isin(clusters)
    return ~(seen | _match_hashes(tests, learnt))


def _places(labels: Sequence[str], shared: Sequence[str]) -> list[int]:
    return [labels.index(label) for label in shared]


def _match_hashes(tests: pd.DataFrame, learnt: pd.DataFrame) -> pd.Series:
    known = np.concatenate([_hashes(learnt["hash"]), _hashes(learnt["mirror_hash"])])
    hashed = tests.index[tests["hash"] != ""]
    near = find_near(_hashes(tests.loc[hashed, "hash"]), known, NEAR)
    return pd.Series(near, index=hashed).reindex(tests.index, fill_value=False)


def _hashes(texts: pd.Series) -> np.ndarray:
    return pack_hashes(text for text in texts if text)
