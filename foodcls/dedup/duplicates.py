"""Finds duplicate and near-duplicate picture files; knows no recipe and no workspace."""

import filecmp
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foodcls.dedup.groups import NEAR, choose_keepers
from foodcls.dedup.pairs import find_pairs
from foodcls.image.draft_decode import fingerprint_files
from foodcls.progress import Track, silent
from foodcls.recipe.data_settings import MAX_PIXELS, Dedup

# what a recipe has that says nothing else
USUAL = Dedup()


@dataclass(frozen=True)
class Duplicate:
    """A file that shows what a larger one does."""

    path: Path
    duplicate_of: Path
    how: str  # same file; near duplicate or mirrored, with the bits between the hashes


@dataclass(frozen=True)
class Duplicates:
    """What was found in `count` files: duplicates by the file that they repeat, and bad files."""

    count: int
    found: tuple[Duplicate, ...]
    refused: Mapping[Path, str]  # with the reason


def find_duplicates(
    paths: Iterable[Path], settings: Dedup = USUAL, track: Track = silent
) -> Duplicates:
    """Find copies, near duplicates, mirror images and close crops of larger files.

    A file is named as a duplicate only of one that it resembles itself, and that is none itself:
    all that are named may be deleted. Of equally large files the first by name is the one to
    keep; a file that is named twice, or by a link, counts once.
    """
    # pathlib's own resolve raises at links that lead to themselves, its is_file where none may look
    once = {os.path.realpath(path): path for path in sorted(paths, reverse=True)}
    ordered = sorted(once.values(), key=lambda path: (-_size(path), path))
    scanned = fingerprint_files(ordered, settings.hash, MAX_PIXELS, track)
    pairs = find_pairs(scanned.prints, settings).pairs
    count = len(scanned.paths)
    keeper, how = choose_keepers(count, pairs, np.zeros(count, bool))
    found = [
        Duplicate(scanned.paths[place], scanned.paths[keeper[place]], how[place])
        for place in np.argsort(keeper, kind="stable")
        if keeper[place] != place
    ]
    return Duplicates(len(ordered), tuple(map(_name_same, found)), scanned.refused)


def _name_same(one: Duplicate) -> Duplicate:
    if one.how == f"{NEAR}, distance 0" and filecmp.cmp(one.path, one.duplicate_of, shallow=False):
        return Duplicate(one.path, one.duplicate_of, "same file")
    return one


def _size(path: Path) -> int:
    return path.stat().st_size if os.path.isfile(path) else 0
