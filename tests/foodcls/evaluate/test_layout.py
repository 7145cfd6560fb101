"""Lays clouds of rows out, and keeps where they lie."""

from pathlib import Path

import numpy as np
import pytest

from foodcls.evaluate import layout
from foodcls.evaluate.layout import (
    Layout,
    choose_rows,
    first_spots,
    lay_out,
    layout_key,
    load_layout,
    save_layout,
)
from foodcls.evaluate.likeness import Likeness
from foodcls.metrics.ranks import Floats

CLOUD = np.repeat([0, 1, 2], 15)


@pytest.fixture(scope="module")
def rows() -> Floats:
    """Three clouds of which the two main components tell two apart alone."""
    spread = np.random.default_rng(0).normal(0, 0.05, (45, 5))
    centers = np.array([[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]])
    return (centers[CLOUD] + spread).astype(np.float16)


@pytest.fixture(scope="module")
def spots(rows: Floats) -> Floats:
    found = lay_out(rows, lambda share, spots: True)
    assert found is not None
    return found


def nearest(spots: Floats) -> Floats:
    far = np.linalg.norm(spots[:, None] - spots[None], axis=2)
    np.fill_diagonal(far, np.inf)
    return far.argmin(axis=1)


def test_like_lies_near_like_which_two_components_do_not_show(rows: Floats, spots: Floats) -> None:
    assert (CLOUD[nearest(spots)] == CLOUD).all()
    assert (CLOUD[nearest(first_spots(rows))] == CLOUD).mean() < 0.9
    assert spots.shape == (45, 2) and spots.min() >= 0 and spots.max() <= 1


def test_the_same_rows_give_the_same_map_and_it_tells_how_far_it_is(
    rows: Floats, spots: Floats
) -> None:
    told: list[float] = []
    again = lay_out(rows, lambda share, so_far: told.append(share) or so_far.shape == (45, 2))
    assert np.array_equal(again, spots)
    assert told == sorted(told) and len(told) > 9 and told[-1] == 1


def test_what_nobody_wants_any_more_stops(rows: Floats) -> None:
    told: list[float] = []
    assert lay_out(rows, lambda share, spots: told.append(share) is not None) is None
    assert len(told) == 1


@pytest.mark.parametrize("count", [1, 2, 11, 13])
def test_few_pictures_have_a_map_too(rows: Floats, count: int) -> None:
    found = lay_out(rows[:count], lambda share, spots: True)
    assert found is not None and found.shape == (count, 2) and np.isfinite(found).all()


def test_what_is_all_alike_lies_in_the_middle(rows: Floats) -> None:
    spots = lay_out(np.repeat(rows[:1], 15, axis=0), lambda share, spots: True)
    assert spots is not None and (spots == 0.5).all()


def test_of_too_many_pictures_a_chance_sample_is_laid_out(
    rows: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MOST", 3)
    half = np.zeros(5, np.float16)
    many = Likeness(("d", "a", "e", "c", "b"), rows[:5], half, half, np.zeros(5, int), ("one",))
    ids, chosen = choose_rows(many)
    assert ids == ("a", "c", "b") and np.array_equal(chosen, rows[[1, 3, 4]])


def test_a_kept_map_counts_for_the_same_pictures_seen_the_same_way(
    rows: Floats, spots: Floats, tmp_path: Path
) -> None:
    path, ids = tmp_path / "cache" / "map.npz", tuple(f"{place:064}" for place in range(45))
    key = layout_key(ids, rows)
    assert load_layout(path, key) is None
    save_layout(Layout(ids, spots), key, path)
    kept = load_layout(path, key)
    assert kept is not None and kept.ids == ids and np.array_equal(kept.spots, spots)
    others = [layout_key(ids[::-1], rows), layout_key(ids, -rows), layout_key(ids[1:], rows[1:])]
    assert key not in others and load_layout(path, others[0]) is None
    path.write_bytes(path.read_bytes()[:-200])
    assert load_layout(path, key) is None
