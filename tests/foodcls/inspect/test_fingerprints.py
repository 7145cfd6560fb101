import numpy as np

from foodcls.image.hashes import (
    fingerprint,
    join_fingerprints,
    pack_fingerprints,
)
from foodcls.inspect import fingerprints as module
from foodcls.inspect.fingerprints import recall_fingerprints, remember_fingerprints


def are_equal(one, other):
    return all(map(np.array_equal, vars(one).values(), vars(other).values()))


def test_fingerprints_are_remembered_or_computed(store, noise, encode):
    digest = store.put(encode(noise(1)))
    one = fingerprint(noise(1), "phash")
    assert are_equal(
        recall_fingerprints(store, {digest: digest}, "phash"), pack_fingerprints([one])
    )
    remember_fingerprints(store, {"elsewhere": one}, "phash")
    recalled = recall_fingerprints(store, {"elsewhere": "no blob"}, "phash")
    assert are_equal(recalled, pack_fingerprints([one]))


def test_looks_come_in_order_whatever_the_batch(store, noise, monkeypatch):
    prints = {f"picture {seed}": fingerprint(noise(seed), "phash") for seed in range(5)}
    remember_fingerprints(store, prints, "phash")
    monkeypatch.setattr(module, "BATCH", 2)
    recalled = recall_fingerprints(store, dict.fromkeys(prints, ""), "phash")
    assert are_equal(recalled, pack_fingerprints(prints.values()))


def test_no_looks_are_looks_too(store):
    assert len(recall_fingerprints(store, {}, "phash")) == len(join_fingerprints([])) == 0
