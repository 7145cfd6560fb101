"""Each class trains on exactly so many pictures; copies stay with their parents, in training."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from foodcls.augment import augment
from foodcls.dedup.dedup import dedup
from foodcls.errors import StageError
from foodcls.inspect.inspect import inspect
from foodcls.manifest import kept_rows
from foodcls.recipe.data_settings import Augment, Dedup, Inspect, Split
from foodcls.split.split import split

LABELS = ("beans", "salad")
RIGHTS = ("licence", "licence_url", "licence_by", "author", "page", "fetched_at")


@pytest.fixture
def parted(store, png, put_rows):
    """Eight training rows of beans, three of salad; two of validation and test each."""
    files = [(png(seed, 64, 48), "beans" if seed < 12 else "salad") for seed in range(19)]
    rows = inspect(put_rows(*files), store, Inspect(), "phash").assign(box="1,2,3,4")
    sides = ["train"] * 8 + ["val", "val", "test", "test"] + ["train"] * 3 + ["val", "val"]
    return rows.assign(split=sides + ["test", "test"], cluster=rows["id"])


def training(manifest, label):
    rows = kept_rows(manifest)
    return rows[(rows["split"] == "train") & (rows["label"] == label)]


def test_each_class_has_exactly_as_many(store, parted):
    found = augment(parted, store, Augment(per_class=20), LABELS)
    for label, parents in (("beans", 8), ("salad", 3)):
        rows = training(found, label)
        copies = rows[rows["parent"] != ""]
        assert len(rows) == 20 and len(copies) == 20 - parents
        assert np.ptp(copies["parent"].value_counts().tolist()) <= 1, "round robin"
    assert found.iloc[: len(parted)].equals(parted), "what was there stays as it was"


def test_copies_tell_of_their_parents(store, parted):
    """Also whose they are, and what they may be used for."""
    rights = {name: [f"{name} {n}" for n in range(len(parted))] for name in RIGHTS}
    parted = parted.assign(**rights)
    found = augment(parted, store, Augment(per_class=20), LABELS)
    parents = parted.set_index("id")
    for copy in found[found["parent"] != ""].itertuples():
        parent = parents.loc[copy.parent]
        for name in ("label", "origin", "source", "cluster", "split", "box", *RIGHTS):
            assert getattr(copy, name) == parent[name]
        assert copy.id == copy.picture and store.is_whole(copy.id) and copy.copy >= 1
        image = Image.open(io.BytesIO(store.read(copy.id)))
        assert image.size == (64, 48) == (copy.width, copy.height) and image.mode == "RGB"
        assert copy.hash == "" and copy.bytes == len(store.read(copy.id))


def test_surplus_is_dropped_from_training_alone(store, parted):
    found = augment(parted, store, Augment(per_class=2), LABELS)
    assert len(training(found, "beans")) == len(training(found, "salad")) == 2
    dropped = found[found["state"] == "dropped"]
    assert set(dropped["split"]) == {"train"} and set(dropped["stage"]) == {"augment"}
    assert set(dropped["reason"]) == {"surplus over per_class"} and len(found) == len(parted)
    mixed = augment(parted.sample(frac=1, random_state=3), store, Augment(per_class=2), LABELS)
    assert set(kept_rows(mixed)["id"]) == set(kept_rows(found)["id"])


def test_null_changes_nothing(store, parted):
    assert augment(parted, store, Augment(per_class=None), LABELS).equals(parted)


def test_a_class_without_training_pictures_is_an_error(store, parted):
    with pytest.raises(StageError, match="'bread'"):
        augment(parted, store, Augment(per_class=20), (*LABELS, "bread"))


def test_the_same_seed_gives_the_same_bytes(store, parted, tmp_path):
    first = augment(parted, store, Augment(per_class=20), LABELS)
    other = type(store)(tmp_path / "other")
    for digest in parted["picture"]:
        other.put(store.read(digest))
    mixed = parted.sample(frac=1, random_state=5)
    again = augment(mixed, other, Augment(per_class=20), LABELS)
    assert set(again["id"]) == set(first["id"])
    reseeded = augment(parted, store, Augment(per_class=20, seed=1), LABELS)
    assert not set(reseeded["id"][len(parted) :]) & set(first["id"][len(parted) :])


def test_more_copies_begin_with_the_same(store, parted):
    few = augment(parted, store, Augment(per_class=20), LABELS)
    totals = []

    def track(items, total, label):
        totals.append(total)
        return iter(items)

    many = augment(parted, store, Augment(per_class=30), LABELS, track)
    assert set(few["id"]) <= set(many["id"]) and totals == [20]


def test_all_flips_and_turns_come_white_edged(store, put_rows, encode):
    files = [(encode(Image.linear_gradient("L").convert("RGB")), label) for label in LABELS[:1]]
    rows = inspect(put_rows(*files), store, Inspect(), "phash").assign(split="train")
    settings = Augment(per_class=30, rotation=30, scale=(0.5, 0.5), max_side=64)
    found = augment(rows, store, settings, LABELS[:1])
    for digest in found["picture"].iloc[1:]:
        pixels = np.asarray(Image.open(io.BytesIO(store.read(digest))))
        assert pixels.shape == (64, 64, 3)
        assert pixels[[0, 0, -1, -1], [0, -1, 0, -1]].min() > 245


@pytest.fixture
def curated(store, noise, encode, put_rows):
    """Forty scenes, of half of which there are edited copies, deduplicated as in a run."""
    files = []
    for seed in range(40):
        image = noise(seed, 160, 120)
        scene = {"query": f"scene {seed}"}
        files.append((encode(image), LABELS[seed % 2], scene))
        if seed % 4 < 2:
            edit = (ImageOps.mirror(image), image.crop((2, 2, 158, 118)))[seed % 2]
            files.append((encode(edit, "JPEG"), LABELS[seed % 2], scene))
    sound = inspect(put_rows(*files), store, Inspect(), "phash")
    return dedup(sound, store, Dedup()).manifest


def test_copies_never_leave_training(curated, store):
    """The original's second fault: copies of one photo in training and validation."""
    for seed in range(50):
        rows = split(curated, Split(seed=seed), LABELS)
        found = kept_rows(augment(rows, store, Augment(per_class=18, max_side=32), LABELS))
        copies = found[found["parent"] != ""]
        sides = rows.set_index("id")["split"]
        assert len(copies) and set(copies["split"]) == {"train"}
        assert set(sides.loc[copies["parent"]]) == {"train"}
        for scene in ("cluster", "query"):
            assert (found.groupby(scene)["split"].nunique() == 1).all(), seed


def test_scenes_never_part_even_where_dedup_drops_nothing(curated):
    undropped = curated.assign(state="kept", stage="", reason="")
    for seed in range(50):
        found = split(undropped, Split(seed=seed), LABELS)
        assert (found.groupby("query")["split"].nunique() == 1).all(), seed


def test_augmenting_before_the_split_is_refused(curated, store):
    with pytest.raises(StageError, match="split before"):
        augment(curated, store, Augment(per_class=18), LABELS)
