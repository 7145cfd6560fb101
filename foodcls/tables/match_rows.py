"""Finds the rows of a manifest that a person means by an id, a path, an address or a file."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from foodcls.columnar import find_texts
from foodcls.errors import InputError
from foodcls.store.store import digest_file
from foodcls.tables.read_csv import SHOWN

MIN_ID = 8  # hexadecimal digits: 4 billion prefixes
PREFIX = re.compile(rf"[0-9a-f]{{{MIN_ID},64}}")
ODD = r"[^!-\[\]-~]"  # what makes a path another one when it is made plain, and more


@dataclass(frozen=True)
class Match:
    """Rows by index label, or, where several pictures match, why none is chosen."""

    rows: tuple[int, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Finder:
    """Finds rows of a manifest by id and by every trailing part of their origin."""

    owners: dict[int, str]  # ids by row, in the manifest's order
    origins: pd.Series  # as the manifest has them, by row

    def find(self, digest: str, path: str) -> Match:
        """Rows by an id or, without one, by a path: how a line of a table names a picture."""
        return self.by_id(digest) if digest else self.by_path(path)

    def by_id(self, text: str) -> Match:
        """Rows whose id is `text` or, uniquely, begins with it (8 digits or more)."""
        prefix = text if text in self._rows else id_prefix(text)
        if not prefix:
            return Match(problem=f"an id has {MIN_ID} to 64 hexadecimal digits")
        if prefix in self._rows:
            return Match(tuple(self._rows[prefix]))
        ids = self._ids
        # no digit comes after f
        found = ids[bisect_left(ids, prefix) : bisect_left(ids, f"{prefix}g")]
        if len(found) > 1:
            return Match(problem="several pictures begin with it; give more digits")
        return Match(tuple(row for digest in found for row in self._rows[digest]))

    def by_path(self, text: str) -> Match:
        """Rows whose origin is `text`, or ends in it, or in which it ends; of one picture only."""
        name = plain_path(text)
        # a folder's pictures are known by their place in it, and called by longer paths too
        ends = (name[slash.end() :] for slash in re.finditer("/(?=.*/)", name))
        rows = self._called(name) or self._ending_in(name.removeprefix("./"))
        rows = rows or next(filter(None, map(self._called, ends)), [])
        pictures = {self.owners[row] for row in rows}
        if len(pictures) > 1:
            return Match(problem=f"{len(pictures)} pictures end in it; give more of the path")
        return Match(tuple(rows))

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        """The rows of each id."""
        rows: dict[str, list[int]] = {}
        for row, digest in self.owners.items():
            rows.setdefault(digest, []).append(row)
        return rows

    @cached_property
    def _ids(self) -> list[str]:
        """The ids in order."""
        return sorted(self._rows)

    @cached_property
    def _backwards(self) -> tuple[list[str], list[int]]:
        """The origins read from their ends, in order, and the row of each."""
        names = zip(self.origins.tolist(), self.origins.index.tolist(), strict=True)
        pairs = sorted((plain_path(name)[::-1], row) for name, row in names)
        return [name for name, _ in pairs], [row for _, row in pairs]

    def _called(self, name: str) -> list[int]:
        names, rows = self._backwards
        return rows[bisect_left(names, name[::-1]) : bisect_right(names, name[::-1])]

    def _ending_in(self, name: str) -> list[int]:
        """The rows of the origin `name`, and of those that are longer by whole folders."""
        names, rows = self._backwards
        first, last = (name[::-1] + end for end in "/0")  # 0 comes after the slash
        longer = rows[bisect_left(names, first) : bisect_left(names, last)]
        return sorted([*self._called(name), *longer])


def likely_rows(manifest: pd.DataFrame, named: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """The rows that some ids or, without one, paths may mean, and some more: to be indexed."""
    named = list(named)
    is_likely = begin_ids(manifest["id"], (digest for digest, _ in named))
    if ends := {plain_path(path).rpartition("/")[2] for digest, path in named if not digest}:
        paths = pa.array(manifest["origin"])
        lasts = last_parts(paths)
        is_odd = pc.match_substring_regex(paths, ODD)
        is_last = pc.is_in(lasts, pa.array(list(ends), lasts.type))
        is_likely |= np.asarray(pc.or_(is_odd, is_last))
    return manifest[is_likely]


def begin_ids(ids: pd.Series, texts: Iterable[str]) -> np.ndarray:
    """Which ids one of the texts may mean by their first digits: bool of shape (len,)."""
    starts = {prefix[:MIN_ID] for prefix in map(id_prefix, texts) if prefix}
    return find_texts(ids.str.slice(0, MIN_ID), starts) >= 0


def last_parts(paths: pa.Array | pa.ChunkedArray) -> pa.Array:
    """What stands behind the last slash of each path."""
    parts = pc.split_pattern(paths, "/", max_splits=1, reverse=True)
    parts = parts.combine_chunks() if isinstance(parts, pa.ChunkedArray) else parts
    return parts.values.take(pa.array(np.asarray(parts.offsets)[1:] - 1))


def index_rows(manifest: pd.DataFrame) -> Finder:
    """Index the rows that a picture arrived for, dropped ones too."""
    arrived = manifest[manifest["id"] != ""]
    owners = dict(zip(arrived.index.tolist(), arrived["id"].tolist(), strict=True))
    return Finder(owners, arrived["origin"])


def find_picture(manifest: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one picture: of one id, or of one address where no bytes arrived.

    Tried in this order: a file's content, an address or path in full, the end of one, the
    beginning of an id. InputError when nothing matches, or several pictures do.
    """
    for rows in (_by_content(manifest, name), _by_origin(manifest, name), _by_id(manifest, name)):
        if len(rows):
            return _only_one(manifest, rows, name)
    raise InputError(
        f"no picture {name!r} in this workspace; give a file, a URL or path as in the column "
        f"origin of manifest.csv, the last part of one, or {MIN_ID} digits or more of an id"
    )


def id_prefix(text: str) -> str:
    """The text as the beginning of an id, in lower case; empty when it cannot be one."""
    prefix = text.strip().lower()
    return prefix if PREFIX.fullmatch(prefix) else ""


def plain_path(path: str) -> str:
    """A path in the one form in which those that a Mac or Windows wrote are equal."""
    return unicodedata.normalize("NFC", path.strip()).replace("\\", "/")


def _by_content(manifest: pd.DataFrame, name: str) -> pd.DataFrame:
    path = Path(name)
    # a name too long for a file is no file
    is_file = len(name) < 4096 and "\0" not in name and "://" not in name and path.is_file()
    return manifest[manifest["id"] == digest_file(path)] if is_file else manifest.iloc[:0]


def _by_origin(manifest: pd.DataFrame, name: str) -> pd.DataFrame:
    wanted = plain_path(name).removeprefix("./")
    # augmented copies bear their parent's address
    originals = manifest[manifest["parent"] == ""]
    origins = originals["origin"].map(plain_path)
    exact = originals[origins == wanted]
    return exact if len(exact) or not wanted else originals[origins.str.endswith("/" + wanted)]


def _by_id(manifest: pd.DataFrame, name: str) -> pd.DataFrame:
    prefix = id_prefix(name)
    return manifest[manifest["id"].str.startswith(prefix)] if prefix else manifest.iloc[:0]


def _only_one(manifest: pd.DataFrame, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    keys = rows["id"].where(rows["id"] != "", rows["origin"])
    if keys.nunique() > 1:
        first = rows[~keys.duplicated()]
        lines = [
            f"  {row['id'][:16] or '(no bytes)':<16}  {row['label']}  {row['origin']}"
            for row in first.head(SHOWN).to_dict("records")
        ]
        more = [f"  and {len(first) - SHOWN} more"] if len(first) > SHOWN else []
        listed = "\n".join(lines + more)
        raise InputError(
            f"{len(first)} pictures are called {name!r}:\n{listed}\n"
            "give the id of one of them, or more of its address"
        )
    digest = rows["id"].iloc[0]
    # other addresses of the same bytes belong to its story
    return manifest[manifest["id"] == digest] if digest else rows
