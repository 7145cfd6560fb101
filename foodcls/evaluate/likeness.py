"""What a network sees in each picture, kept small: which pictures look alike, and like which class.

`foodcls suspects` writes the file; the review page reads it, and needs no network for it.
"""

import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from foodcls.errors import TableError
from foodcls.metrics.ranks import Floats, Ints
from foodcls.store.store import replacing

# of 32, 64 and 128 the one by which a live order found 99 % of planted wrong labels soonest
DIMENSIONS = 128
# what a damaged file raises; RuntimeError is zipfile's, of a changed byte that says "encrypted" or
# "of a later version"
DAMAGE = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile)
FIELDS = ("ids", "rows", "own", "other", "guess", "labels")


@dataclass(frozen=True)
class Likeness:
    """N pictures as a network sees them."""

    ids: tuple[str, ...]
    rows: Floats  # float16 (N, D), of length 1: near rows look alike
    own: Floats  # float16 (N,), probability of the class that the picture has
    other: Floats  # float16 (N,), probability of the likeliest other one
    guess: Ints  # int64 (N,), that other one, by its place in `labels`
    labels: tuple[str, ...]

    @cached_property
    def places(self) -> dict[str, int]:
        """The row of each picture."""
        return {digest: place for place, digest in enumerate(self.ids)}

    def nearest(self, digest: str, count: int) -> list[str]:
        """The `count` pictures that look most like this one, itself first; KeyError without it."""
        row = self.rows[self.places[digest]].astype(np.float32)
        likeness = np.concatenate([part @ row for part in float_parts(self.rows)])
        likeness[self.places[digest]] = np.inf
        count = min(count, len(likeness))
        best = np.argpartition(-likeness, count - 1)[:count]
        return [self.ids[place] for place in best[np.argsort(-likeness[best], kind="stable")]]


def float_parts(rows: Floats) -> Iterator[Floats]:
    """Rows (N, D) as float32, some thousands at a time: all at once would need much memory."""
    for start in range(0, len(rows), 8192):
        yield rows[start : start + 8192].astype(np.float32)


def compress_features(features: Floats) -> Floats:
    """float16 (N, D), rows of length 1: the principal components of `features` (N, F).

    D is at most 128.
    """
    mean = features.mean(axis=0)
    centered = features - mean
    _, directions = np.linalg.eigh(centered.T @ centered)
    reduced = centered @ directions[:, ::-1][:, :DIMENSIONS]
    length = np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-12)
    return (reduced / length).astype(np.float16)


def pick_shares(shares: Floats, truth: Ints) -> tuple[Floats, Floats, Ints]:
    """Of probabilities (N, C): those of the classes `truth` (N,), of the best others, and which."""
    rows = np.arange(len(truth))
    own = shares[rows, truth].astype(np.float16)
    others = shares.copy()
    others[rows, truth] = -1
    guess = others.argmax(axis=1)
    return own, np.maximum(others[rows, guess], 0).astype(np.float16), guess


def save_likeness(likeness: Likeness, path: Path) -> None:
    """Write the file, whole or not at all."""
    values = {name: getattr(likeness, name) for name in ("rows", "own", "other", "guess")}
    save_arrays(path, likeness.ids, labels=np.array(likeness.labels, dtype=str), **values)


def load_likeness(path: Path, labels: Sequence[str]) -> Likeness | None:
    """Read the file; None where there is none, or it is of other classes than `labels`.

    TableError when it is damaged.
    """
    try:
        parts = load_arrays(path, FIELDS)
        if len({len(parts[name]) for name in FIELDS[:-1]}) != 1 or parts["rows"].ndim != 2:
            raise ValueError("its arrays are of several lengths")
        if not np.isin(parts["guess"], np.arange(len(parts["labels"]))).all():
            raise ValueError("it guesses classes that it does not name")
    except FileNotFoundError:
        return None
    except DAMAGE as error:
        raise TableError(
            f"{path} is damaged ({error}); `foodcls suspects` writes it anew"
        ) from error
    names = tuple(parts.pop("labels").tolist())
    return Likeness(labels=names, **parts) if names == tuple(labels) else None


def save_arrays(path: Path, ids: Sequence[str], **arrays: Any) -> None:
    """Write a file of arrays about the pictures `ids`, whole or not at all."""
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, ids=np.array(ids, dtype="S64"), **arrays)


def load_arrays(path: Path, names: Collection[str]) -> dict[str, Any]:
    """The arrays of such a file, of which `ids` is a tuple; raises one of DAMAGE."""
    with np.load(path, allow_pickle=False) as file:
        found = {name: file[name] for name in names}
    return found | {"ids": tuple(name.decode() for name in found["ids"])}
