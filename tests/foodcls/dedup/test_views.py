"""The search among many finds what the search of all pairs finds, whatever crowds a cell."""

import pickle
from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageOps

from foodcls.dedup import cells, pairs, turned
from foodcls.dedup.cells import search_cells, share_over
from foodcls.dedup.pairs import find_pairs
from foodcls.dedup.turned import find_turned
from foodcls.image.hashes import fingerprint, pack_fingerprints
from foodcls.recipe.data_settings import Dedup


@pytest.fixture(scope="module")
def prints():
    """Forty pictures of waves, and of each a smaller, a cropped and a mirrored and cropped one."""
    drawn = [draw_waves(seed) for seed in range(40)]
    crops = [one.crop((14, 3, 318, 230)) for one in drawn]
    copies = [*(one.resize((100, 75)) for one in drawn), *crops, *map(ImageOps.mirror, crops)]
    return pack_fingerprints(fingerprint(image, "phash") for image in (*drawn, *copies))


def draw_waves(seed):
    dice = np.random.default_rng(seed)
    small = dice.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((320, 240), Image.Resampling.BICUBIC)


@pytest.fixture
def among_many(monkeypatch):
    """As if the pictures were a million: none are compared one by one, cells are as small."""

    def search(count):
        monkeypatch.setattr(pairs, "EXACT", 0)
        monkeypatch.setattr(turned, "EXACT", 0)
        monkeypatch.setattr(cells, "PICTURES", count)

    return search


def test_the_search_among_many_finds_the_same_pairs(prints, among_many):
    exact = find_pairs(prints, Dedup())
    assert len(exact.pairs.left) > 120 and (exact.pairs.distance > 10).sum() > 9
    among_many(len(prints))
    found = find_pairs(prints, Dedup())
    for name, values in vars(found.pairs).items():
        assert np.array_equal(values, getattr(exact.pairs, name)), name
    assert found.distances.confirmed == exact.distances.confirmed


def test_turned_pictures_are_found_among_many(prints, among_many):
    thumbnails = prints.thumbnails[:40]
    all_ways = [np.rot90(thumbnails, turns, axes=(1, 2)) for turns in range(4)]
    thumbnails = np.concatenate(all_ways)
    exact = find_turned(thumbnails, 6)
    assert len(exact) == 40 * 6
    among_many(len(thumbnails))
    assert np.array_equal(find_turned(thumbnails, 6), exact)


def test_a_cell_full_of_equal_pictures_is_compared_by_their_wholes(prints, among_many, monkeypatch):
    many = pack_fingerprints([])
    many = type(many)(*(np.repeat(values[:2], 30, axis=0) for values in vars(prints).values()))
    among_many(len(many))
    monkeypatch.setattr(cells, "CROWDED", 100)
    assert len(find_pairs(many, Dedup()).pairs.left) == 2 * (30 * 29 // 2)


def test_workers_find_the_same_by_the_store_and_leave_nothing_there(prints, among_many, store):
    among_many(len(prints))

    def spread(function, items):
        # as it travels to another process
        return [pickle.loads(pickle.dumps(function))(item) for item in items]

    found = find_pairs(prints, Dedup(), share=partial(share_over, store, spread))
    for name, values in vars(find_pairs(prints, Dedup()).pairs).items():
        assert np.array_equal(values, getattr(found.pairs, name)), name
    assert not list(store.blobs())


def test_a_worker_that_fails_leaves_nothing_in_the_store(prints, among_many, store):
    among_many(len(prints))

    def spread(function, items):
        pickle.dumps(function)
        raise MemoryError

    with pytest.raises(MemoryError):
        find_pairs(prints, Dedup(), share=partial(share_over, store, spread))
    assert not list(store.blobs())


@pytest.mark.parametrize("count", [0, 1])
def test_one_picture_has_no_pairs(count, prints, among_many):
    few = type(prints)(*(values[:count] for values in vars(prints).values()))
    among_many(1)
    assert not len(find_pairs(few, Dedup()).pairs.left) and not len(find_turned(few.thumbnails, 6))


def test_what_grids_found_is_joined_each_pair_once_in_order():
    dice, count = np.random.default_rng(0), 1_000
    found = [np.unique(dice.integers(0, count * count, 5_000)) for _ in range(7)]
    found += [found[0], found[0][:0], np.array([0, count * count - 1])]
    hashes = cells.Hashes(np.empty(0), np.empty(count), 18)
    joined = [low * count + high for low, high in search_cells(None, hashes, lambda *_: found)]
    assert np.array_equal(np.concatenate(joined), np.unique(np.concatenate(found)))


@pytest.mark.parametrize("chunk", [cells.CHUNK, 100])
def test_wholes_are_paired_with_exactly_the_views_of_their_cells(chunk, monkeypatch):
    monkeypatch.setattr(cells, "CHUNK", chunk)
    dice = np.random.default_rng(0)
    # two values, so that cells have many points
    views = dice.choice(np.array([0, 21_000], np.uint16), (8, 2_800))
    points = cells.Points(np.ascontiguousarray(views[:, ::28].T), views, 28)
    marks = cells._mark_cells(points, 0)
    own, theirs = (cells._code_cells(some, marks) for some in (points.wholes.T, views))
    hashes = cells.Hashes(np.zeros(100, np.uint64), np.zeros(100, np.uint64), 18)
    found = np.concatenate([np.stack(pair, axis=1) for pair in cells._pair_up(points, hashes, 0)])
    meant = np.argwhere(own[:, None] == theirs)
    assert len(meant) > 1_000 and set(own) < set(theirs)
    assert np.array_equal(found[np.lexsort(found.T[::-1])], meant)
