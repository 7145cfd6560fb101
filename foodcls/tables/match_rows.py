"""Finds the rows of a manifest that a person means by an id, a path, an address or a file."""

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from foodcls.errors import InputError
from foodcls.store.store import digest_file
from foodcls.tables.read_csv import SHOWN

MIN_ID = 8  # hexadecimal digits: 4 billion prefixes


@dataclass(frozen=True)
class Match:
    """Rows by index label, or, where several pictures match, why none is chosen."""

    rows: tuple[int, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Finder:
    """An index of a manifest's rows by id and by every trailing part of their origin."""

    ids: dict[str, list[int]] = field(default_factory=dict)
    paths: dict[str, list[int]] = field(default_factory=dict)
    origins: dict[str, list[int]] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)  # ids by row
    sorted_ids: list[str] = field(default_factory=list)

    def find(self, digest: str, path: str) -> Match:
        """Rows by an id or, without one, by a path: how a line of a table names a picture."""
        return self.by_id(digest) if digest else self.by_path(path)

    def by_id(self, text: str) -> Match:
        """Rows whose id is `text` or, uniquely, begins with it (8 digits or more)."""
        prefix = id_prefix(text)
        if not prefix:
            return Match(problem=f"an id has {MIN_ID} to 64 hexadecimal digits")
        exact = self.ids.get(prefix)
        if exact:
            return Match(tuple(exact))
        start = bisect_left(self.sorted_ids, prefix)
        found = [name for name in self.sorted_ids[start : start + 2] if name.startswith(prefix)]
        if len(found) > 1:
            return Match(problem="several pictures begin with it; give more digits")
        return Match(tuple(self.ids[found[0]]) if found else ())

    def by_path(self, text: str) -> Match:
        """Rows whose origin is `text`, or ends in it, or in which it ends; of one picture only."""
        name = plain_path(text)
        # a folder's pictures are known by their place in it, and called by longer paths too
        ends = (name[slash.end() :] for slash in re.finditer("/(?=.*/)", name))
        rows = self.origins.get(name) or self.paths.get(name.removeprefix("./"), [])
        rows = rows or next(filter(None, map(self.origins.get, ends)), [])
        pictures = {self.owners[row] for row in rows}
        if len(pictures) > 1:
            return Match(problem=f"{len(pictures)} pictures end in it; give more of the path")
        return Match(tuple(rows))


def index_rows(manifest: pd.DataFrame) -> Finder:
    """Index the rows that a picture arrived for, dropped ones too."""
    finder = Finder()
    arrived = manifest[manifest["id"] != ""]
    for row, digest, origin in zip(arrived.index, arrived["id"], arrived["origin"], strict=True):
        name = plain_path(origin)
        finder.ids.setdefault(digest, []).append(row)
        finder.origins.setdefault(name, []).append(row)
        finder.owners[row] = digest
        parts = name.split("/")
        for start in range(len(parts)):
            finder.paths.setdefault("/".join(parts[start:]), []).append(row)
    finder.sorted_ids.extend(sorted(finder.ids))
    return finder


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
    return prefix if re.fullmatch(rf"[0-9a-f]{{{MIN_ID},64}}", prefix) else ""


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
