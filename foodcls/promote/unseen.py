"""Finds the test pictures that an earlier model has not learnt from, not even in another copy."""

import numpy as np
import pandas as pd

from foodcls.image.hashes import pack_hashes
from foodcls.train.dataset import split_rows

LEARNT_FROM = ("train", "val")
# bits of 64 within which hashes count as one picture's: a pair too many costs a test picture only
NEAR = 6
BLOCK = 64  # test pictures held against all others at once


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
