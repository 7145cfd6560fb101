"""Where a picture stood first it stays, whatever comes: a model is compared on what none learnt."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from foodcls.dedup.dedup import dedup
from foodcls.errors import StageError
from foodcls.inspect.inspect import inspect
from foodcls.manifest import kept_rows
from foodcls.recipe.data_settings import Dedup, Inspect, Split
from foodcls.split.assignments import recall_assignments, remember_assignments
from foodcls.split.split import split
from foodcls.store.store import digest_of

LABELS = ("beans", "salad")
HALF = Split(val=0.25, test=0.25)


@pytest.fixture
def part(store, put_rows):
    """Inspect, deduplicate and split files, with what the store remembers of earlier ones."""

    def run(files, remembers=True):
        sound = inspect(put_rows(*files), store, Inspect(), "phash")
        distinct = dedup(sound, store, Dedup()).manifest
        before = recall_assignments(distinct, store, HALF) if remembers else {}
        parted = split(distinct, HALF, LABELS, before)
        remember_assignments(parted, store, HALF)
        return parted

    return run


@pytest.fixture
def crowd(noise, encode):
    """Sixty small pictures of two classes."""
    return [(encode(noise(seed), "PNG"), LABELS[seed % 2]) for seed in range(60)]


def splits_of(parted):
    return kept_rows(parted).set_index("id")["split"]


def bigger(noise, encode, seed):
    """The same picture in twice the size: dedup keeps it in place of the old one."""
    return encode(noise(seed).resize((192, 128), Image.Resampling.BICUBIC), "JPEG", quality=95)


def test_own_photos_judge_nothing_nor_does_what_looks_like_them(part, crowd, noise, encode, caplog):
    first = splits_of(part(crowd))
    places = {split: next(place for place, (data, _) in enumerate(crowd)
                          if first[digest_of(data)] == split) for split in set(first)}  # fmt: skip
    # smaller than their crawled copies, and of another class than the one of training
    taken = [
        (encode(noise(place).resize((80, 54)), "PNG"), LABELS[(place + (split == "train")) % 2],
         {"source": "own", "origin": f"{split}.png"})
        for split, place in places.items()
    ]  # fmt: skip
    again = part([*crowd, *taken])
    own = again[again["source"] == "own"]
    assert set(own["state"]) == {"kept"} and set(own["split"]) == {"own"}
    copies = again[again["id"].isin({digest_of(crowd[place][0]) for place in places.values()})]
    assert set(copies["state"]) == {"dropped"} and copies["reason"].str.contains("own photo").all()
    assert "2 pictures held out before look like own photos" in caplog.text
    # without them all is as it was
    assert splits_of(part(crowd)).equals(first)


def test_an_own_photo_in_the_outside_test_set_is_left_out_and_named(part, crowd, caplog):
    test = [(data, label, {"source": "test", "split": "test"}) for data, label in crowd[:4]]
    own = [(*crowd[place], {"source": "own", "origin": f"{place}.png"}) for place in (3, 40)]
    found = part([*crowd[4:40], *crowd[41:], *test, *own])
    assert found[found["source"] == "own"]["split"].tolist() == ["", "own"]
    assert "1 own photos look like test pictures and are left out: 3.png" in caplog.text
    with pytest.raises(StageError, match=r"own.folder: none of its 1 photos is left: .*test pict"):
        part([*crowd[4:], *test, own[0]])


def test_a_fifth_more_moves_nothing(part, crowd, noise, encode):
    """RELIABILITY L6, the worst way: the new ones are larger copies of old ones, and strangers."""
    before = splits_of(part(crowd))
    more = [(bigger(noise, encode, seed), LABELS[seed % 2]) for seed in range(0, 12, 2)]
    more += [(encode(noise(seed)), LABELS[seed % 2]) for seed in range(100, 106)]
    parted = part([*more, *crowd])
    after = splits_of(parted)
    stayed = before.index.intersection(after.index)
    assert len(stayed) == 54 and (before[stayed] == after[stayed]).all()
    # and what took the place of an old one stands where that stood
    copies = parted[parted["stage"] == "dedup"]
    assert len(copies) == 6
    assert list(after[copies["duplicate_of"]]) == list(before[copies["id"]])


def test_a_hash_alone_would_have_moved_some(part, crowd, noise, encode):
    """The test above would fail without the memory."""
    before = splits_of(part(crowd))
    more = [(bigger(noise, encode, seed), LABELS[seed % 2]) for seed in range(0, 12, 2)]
    parted = part([*more, *crowd], remembers=False)
    copies = parted[parted["stage"] == "dedup"]
    assert list(splits_of(parted)[copies["duplicate_of"]]) != list(before[copies["id"]])


@pytest.mark.parametrize("change", [{"seed": 1}, {"val": 0.3}, {"test": 0.3}], ids=str)
def test_another_seed_or_share_draws_anew(change, part, crowd, store):
    first = part(crowd)
    other = HALF.model_copy(update=change)
    assert recall_assignments(first, store, HALF) == dict(splits_of(first))
    assert recall_assignments(first, store, other) == {}


def test_copies_that_were_dropped_are_remembered_too(part, crowd, noise, encode, store):
    """Should the kept one be gone from the web tomorrow, its copy must not change sides."""
    small, large = crowd[0], (bigger(noise, encode, 0), LABELS[0])
    parted = part([large, *crowd])
    copy = parted[(parted["stage"] == "dedup")]
    known = recall_assignments(parted, store, HALF)
    assert known[copy["id"].item()] == known[copy["duplicate_of"].item()]
    later = part(crowd)
    assert splits_of(later)[copy["id"].item()] == known[copy["id"].item()]
    assert store.read(copy["id"].item()) == small[0]


def test_an_outside_test_set_draws_anew(part, crowd, store, put_rows):
    first = part(crowd)
    outside = first.assign(source=np.where(first.index < 4, "test", "urls"))
    assert recall_assignments(outside, store, HALF) == {}


def test_nothing_is_remembered_of_nothing(store):
    empty = pd.DataFrame({name: pd.Series(dtype=str) for name in
                          ("id", "cluster", "state", "source", "split")})  # fmt: skip
    remember_assignments(empty, store, HALF)
    assert recall_assignments(empty, store, HALF) == {}
