"""Marks which test pictures belong together, by a person's table or the folders they lie in.

Photos of one tray are not as many tests of a model as photos of as many trays: intervals count
groups. A group may hold pictures of several classes.
"""

import logging
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pandas as pd

from foodcls.errors import TableError
from foodcls.manifest import KEPT, TEST_SOURCE
from foodcls.recipe.data_settings import Own, Test
from foodcls.tables.match_rows import Finder, index_rows
from foodcls.tables.read_csv import SHOWN, Problem, read_sheet, refuse_problems

logger = logging.getLogger(__name__)

COLUMNS = ("id", "path", "group")
NAMESAKES = """%s: %d names of sub-folders stand in several classes (%s), and each is a group there.
Where it is one and the same, such as a tray, say test.grouped_by_folder: shared"""


@dataclass(frozen=True)
class Member:
    """Which group a picture belongs to; an empty one means that it stands on its own."""

    number: int  # line of the file
    id: str
    path: str
    group: str

    @property
    def name(self) -> str:
        """What the picture is called in the file."""
        return self.id or self.path


def group_tests(manifest: pd.DataFrame, settings: Test | None) -> pd.DataFrame:
    """A copy in which `cluster` of the test rows is the group that a person has named for them.

    Look-alikes stay together where no group is named. TableError when the table leaves out a test
    picture, names one that is not there, or knows a single group only.
    """
    marked = manifest.copy()
    rows = manifest[(manifest["state"] == KEPT) & (manifest["source"] == TEST_SOURCE)]
    named: dict[int, str] = {}
    if settings is not None and settings.groups is not None:
        named = _by_table(manifest, rows, settings.groups)
    elif settings is not None and settings.grouped_by_folder:
        shared = settings.grouped_by_folder == "shared"
        named = _by_folder(rows, settings.folder, shared=shared)
    marked.loc[list(named), "cluster"] = list(named.values())
    return marked


def group_own(rows: pd.DataFrame, settings: Own) -> list[str]:
    """The group of each own photo: the sub-folder that it lies in, else what looks like it."""
    shared = settings.grouped_by_folder == "shared"
    named = _sub_folders(rows, settings.folder, shared=shared) if settings.grouped_by_folder else {}
    return [
        named.get(row, cluster) for row, cluster in zip(rows.index, rows["cluster"], strict=True)
    ]


def read_groups(path: Path) -> list[Member]:
    """Read a CSV with `id` or `path`, and `group`; TableError names the rows that say neither."""
    rows, problems = read_sheet(path, COLUMNS, needs_all=False)
    if rows and "group" not in rows[0].cells:
        raise TableError(f"{path}: column 'group' is missing; the header must be path,group")
    members = [
        Member(row.number, *(row.cells.get(name, "").strip() for name in COLUMNS)) for row in rows
    ]
    problems += [Problem(item.number, "", "names no picture") for item in members if not item.name]
    refuse_problems(path, problems, "a row needs an id or a path, and a group")
    return members


def _by_table(manifest: pd.DataFrame, rows: pd.DataFrame, path: Path) -> dict[int, str]:
    # a picture that the inspection dropped may stand in the table
    finder = index_rows(manifest[manifest["source"] == TEST_SOURCE])
    chosen: dict[int, Member] = {}
    refuse_problems(path, list(_choose(read_groups(path), finder, chosen)), "correct these rows")
    left_out = [origin for row, origin in rows["origin"].items() if row not in chosen]
    if left_out:
        listed = "\n".join(f"  {origin}" for origin in left_out[:SHOWN])
        raise TableError(
            f"{path}: {len(left_out)} of {len(rows)} test pictures are not in it, e.g.\n{listed}\n"
            "add a row for each; an empty group means that a picture stands on its own"
        )
    named = {row: chosen[row].group for row in rows.index if chosen[row].group}
    _check_several(named, rows, str(path))
    return named


def _choose(members: list[Member], finder: Finder, chosen: dict[int, Member]) -> Iterator[Problem]:
    """Fill in the member of each row; yield what cannot be right."""
    for item in members:
        match = finder.find(item.id, item.path)
        if match.problem or not match.rows:
            reason = match.problem or "matches no picture of the test set"
            yield Problem(item.number, item.name, reason)
        for row in match.rows:
            rival = chosen.setdefault(row, item)
            if rival.group != item.group:
                reason = f"is in {item.group!r} here and in {rival.group!r} in row {rival.number}"
                yield Problem(item.number, item.name, reason)


def _sub_folders(rows: pd.DataFrame, folder: Path, *, shared: bool) -> dict[int, str]:
    """By row, the sub-folder of a class's folder that it lies in, with the class unless shared."""
    named: dict[int, str] = {}
    for row, origin in zip(rows.index, rows["origin"], strict=True):
        path = unquote(origin.removeprefix("file:")) if origin.startswith("file:") else origin
        # the class, the group, and what lies in it
        plain = unicodedata.normalize("NFC", str(Path(folder, path).relative_to(folder)))
        parts = Path(plain).parts
        if len(parts) > 2:
            named[row] = parts[1] if shared else "/".join(parts[:2])
    return named


def _by_folder(rows: pd.DataFrame, folder: Path, *, shared: bool) -> dict[int, str]:
    named = _sub_folders(rows, folder, shared=shared)
    _check_several(named, rows, f"{folder}, test.grouped_by_folder")
    classes = Counter(group.partition("/")[2] for group in set(named.values()))
    alike = sorted(name for name, count in classes.items() if name and count > 1)
    if alike:
        logger.warning(NAMESAKES, folder, len(alike), ", ".join(map(repr, alike[:SHOWN])))
    return named


def _check_several(named: dict[int, str], rows: pd.DataFrame, where: str) -> None:
    alone = len(rows) - len(named)
    if not named:
        raise TableError(
            f"{where}: no picture is in a group; name groups, or leave the setting out"
        )
    if len(set(named.values())) + alone < 2:
        raise TableError(
            f"{where}: all pictures are in the group {next(iter(named.values()))!r}; one group "
            "says nothing of others, at least 2 are needed"
        )
