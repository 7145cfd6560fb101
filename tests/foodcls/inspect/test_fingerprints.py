import numpy as np

from foodcls.image.hashes import (
    FIELDS,
    join_looks,
    look_at,
    pack_looks,
)
from foodcls.inspect import fingerprints as module
from foodcls.inspect.fingerprints import recall_looks, remember_looks


def are_equal(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in FIELDS)


def test_looks_are_remembered_or_computed(store, noise, encode):
    digest = store.put(encode(noise(1)))
    look = look_at(noise(1), "phash")
    assert are_equal(recall_looks(store, {digest: digest}, "phash"), pack_looks([look]))
    remember_looks(store, {"elsewhere": look}, "phash")
    recalled = recall_looks(store, {"elsewhere": "no blob"}, "phash")
    assert are_equal(recalled, pack_looks([look]))


def test_looks_come_in_order_whatever_the_batch(store, noise, monkeypatch):
    looks = {f"picture {seed}": look_at(noise(seed), "phash") for seed in range(5)}
    remember_looks(store, looks, "phash")
    monkeypatch.setattr(module, "BATCH", 2)
    recalled = recall_looks(store, dict.fromkeys(looks, ""), "phash")
    assert are_equal(recalled, pack_looks(looks.values()))


def test_no_looks_are_looks_too(store):
    assert len(recall_looks(store, {}, "phash")) == len(join_looks([])) == 0
