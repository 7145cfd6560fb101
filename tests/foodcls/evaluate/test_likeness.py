"""What looks alike is near; the file comes back as it was, and a damaged one is named."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from foodcls.errors import TableError
from foodcls.evaluate.likeness import (
    Likeness,
    compress_features,
    load_likeness,
    pick_shares,
    save_likeness,
)

LABELS = ("pesto", "bread", "salad")


@pytest.fixture
def likeness() -> Likeness:
    """Twelve pictures on a circle, named by their place on it."""
    angles = np.linspace(0, np.pi, 12)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float16)
    ids = tuple(f"{place:064x}" for place in range(12))
    shares = np.tile([0.5, 0.2, 0.3], (12, 1))
    return Likeness(ids, rows, *pick_shares(shares, np.arange(12) % 3), LABELS)


def test_the_nearest_come_first_and_the_picture_itself_before_them(likeness: Likeness) -> None:
    near = [int(digest, 16) for digest in likeness.nearest(likeness.ids[5], 4)]
    assert near[0] == 5 and set(near[1:3]) == {4, 6}
    assert len(likeness.nearest(likeness.ids[0], 99)) == 12
    with pytest.raises(KeyError):
        likeness.nearest("none", 3)


def test_probabilities_are_those_of_the_own_class_and_of_the_best_other(
    likeness: Likeness,
) -> None:
    assert likeness.own[:3].tolist() == pytest.approx([0.5, 0.2, 0.3], abs=1e-3)
    assert likeness.other[:3].tolist() == pytest.approx([0.3, 0.5, 0.5], abs=1e-3)
    assert likeness.guess[:3].tolist() == [2, 0, 0]


def test_a_file_comes_back_as_it_was_but_not_for_other_classes(
    likeness: Likeness, tmp_path: Path
) -> None:
    path = tmp_path / "cache" / "likeness.npz"
    assert load_likeness(path, LABELS) is None
    save_likeness(likeness, path)
    read = load_likeness(path, LABELS)
    assert read is not None
    for field in fields(Likeness):
        assert np.array_equal(getattr(read, field.name), getattr(likeness, field.name))
    assert load_likeness(path, LABELS[:2]) is None


@pytest.mark.parametrize("length", [0, 40, -40], ids=["empty", "beginning", "without its end"])
def test_a_damaged_file_is_named_with_the_way_out(
    likeness: Likeness, tmp_path: Path, length: int
) -> None:
    path = tmp_path / "likeness.npz"
    save_likeness(likeness, path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(TableError, match="likeness.npz is damaged .*foodcls suspects"):
        load_likeness(path, LABELS)


def test_changed_bytes_and_unknown_classes_are_damage_too(
    likeness: Likeness, tmp_path: Path
) -> None:
    path = tmp_path / "likeness.npz"
    save_likeness(replace(likeness, guess=likeness.guess + len(LABELS)), path)
    with pytest.raises(TableError, match="guesses classes that it does not name"):
        load_likeness(path, LABELS)
    save_likeness(likeness, path)
    data = bytearray(path.read_bytes())
    # says of the first array, in the table at the end, that it is encrypted
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(TableError, match="likeness.npz is damaged"):
        load_likeness(path, LABELS)


def test_components_keep_what_is_near_near(rng_rows: np.ndarray) -> None:
    reduced = compress_features(rng_rows)
    assert reduced.shape == (200, 128) and reduced.dtype == np.float16
    assert np.allclose(np.linalg.norm(reduced.astype(float), axis=1), 1, atol=1e-2)
    # of each picture and its neighbor with a little noise
    centered = rng_rows - rng_rows.mean(axis=0)
    centered /= np.linalg.norm(centered, axis=1, keepdims=True)
    assert np.abs(reduced[:9] @ reduced[:9].T - centered[:9] @ centered[:9].T).max() < 0.3


@pytest.fixture
def rng_rows() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(200, 300)).astype(np.float32)
