"""Lets a serving model and a new one answer the same test pictures: which should serve?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from foodcls.export.load import Model
from foodcls.export.predict_tests import ask
from foodcls.image.hashes import pack_hashes
from foodcls.metrics.bootstrap import number_groups
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.predictions import read_answers
from foodcls.promote.rule import (
    Verdict,
    compare_models,
    judge_challenger,
    judge_successor,
)
from foodcls.recipe.train_settings import Promote
from foodcls.store.store import Store
from foodcls.train.dataset import encode_labels, split_rows

LEARNT_FROM = ("train", "val")
# bits of 64 within which hashes count as one picture's: a pair too many costs a test picture only
NEAR = 6
BLOCK = 64  # test pictures held against all others at once


@dataclass(frozen=True)
class Serving:
    """The model that serves, and the table of the pictures that it was trained on."""

    model: Model
    pictures: pd.DataFrame


def challenge(
    champion: Serving,
    challenger: Evaluation,
    manifest: pd.DataFrame,
    store: Store,
    rule: Promote,
) -> Verdict:
    """Compare on the test rows of classes that both know, as far as neither learnt from them."""
    known = champion.model.labels
    answers = read_answers(store.read(challenger.predictions).decode())
    shared = [label for label in answers.labels if label in known]
    if len(shared) < 2:
        return Verdict(True, "the classes have changed; the two models cannot be compared")
    tests = split_rows(manifest, "test")
    is_fair = unseen_tests(manifest, champion.pictures) & tests["label"].isin(shared)
    rows = tests[is_fair]
    if len(rows) == 0:
        return Verdict(False, "no test picture is left that the champion did not learn from")
    found = compare_models(
        ask(champion.model, rows["picture"], store)[:, _places(known, shared)],
        answers.probabilities[is_fair.to_numpy()][:, _places(answers.labels, shared)],
        encode_labels(rows, shared),
        number_groups(rows["cluster"]),
    )
    is_same = set(known) == set(answers.labels)
    return judge_challenger(found, rule) if is_same else judge_successor(found)


def unseen_tests(manifest: pd.DataFrame, earlier: pd.DataFrame) -> pd.Series:
    """For each kept test row of `manifest`, whether a model of the table `earlier` never saw it.

    Where a cluster goes is decided by a hash, so that pictures that come later move no other; but
    they may join two clusters or give one a new name, and a picture may have been another's copy
    that is no longer there. So the earlier model's own table is asked: a row is seen if its file,
    or one of its cluster, was learnt from or chosen by, or if its hash is near such a picture's,
    straight or mirrored.
    """
    tests = split_rows(manifest, "test")
    learnt = earlier[earlier["split"].isin(LEARNT_FROM)]
    known = set(learnt["id"]) | set(learnt["parent"]) - {""}
    clusters = set(manifest.loc[manifest["id"].isin(known), "cluster"]) - {""}
    seen = tests["id"].isin(known) | tests["cluster"].isin(clusters)
    return ~(seen | _are_near(tests, learnt))


def _places(labels: Sequence[str], shared: Sequence[str]) -> list[int]:
    return [labels.index(label) for label in shared]


def _are_near(tests: pd.DataFrame, learnt: pd.DataFrame) -> pd.Series:
    known = np.unique(np.concatenate([_hashes(learnt["hash"]), _hashes(learnt["mirror_hash"])]))
    hashed = tests.index[tests["hash"] != ""]
    own = _hashes(tests.loc[hashed, "hash"])
    near = np.zeros(len(own), dtype=bool)
    for start in range(0, len(own) if len(known) else 0, BLOCK):
        bits = np.bitwise_count(own[start : start + BLOCK, None] ^ known)
        near[start : start + BLOCK] = (bits <= NEAR).any(axis=1)
    return pd.Series(near, index=hashed).reindex(tests.index, fill_value=False)


def _hashes(texts: pd.Series) -> np.ndarray:
    return pack_hashes(text for text in texts if text)
