"""Reads and writes a person's decisions, keep or drop, as rows of filter.csv.

The pipeline reads the file by the same code, so the page and a run never disagree about it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from foodcls.filter import read_decisions
from foodcls.tables.edit_csv import Sheet, add_row, edit_row, remove_rows
from foodcls.tables.match_rows import Finder

COLUMNS = ("id", "keep", "reason")
MAX_REASON = 200  # characters


@dataclass(frozen=True)
class Verdict:
    """The decision about a picture, and the lines of the file that hold it."""

    keep: bool
    reason: str = ""
    lines: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """The decision in words, e.g. `drop: blurred`."""
        return ("keep" if self.keep else "drop") + (f": {self.reason}" if self.reason else "")


def read_verdicts(path: Path, finder: Finder) -> dict[str, Verdict]:
    """The verdict of each picture, by id; where lines disagree, the last one counts.

    A line may name its picture by id, by the beginning of an id, or by path. Lines that name
    none of this workspace are left out. TableError when a line cannot be read.
    """
    verdicts: dict[str, Verdict] = {}
    if not path.exists() or not path.stat().st_size:
        return verdicts
    for item in read_decisions(path):
        match = finder.find(item.id, item.path)
        for digest in {finder.owners[row] for row in match.rows}:
            earlier = verdicts.get(digest, Verdict(item.keep)).lines
            verdicts[digest] = Verdict(item.keep, item.reason, (*earlier, item.number))
    return verdicts


def write_verdicts(
    sheet: Sheet, known: Mapping[str, Verdict], changes: Mapping[str, Verdict | None]
) -> Sheet:
    """Put changed verdicts into the sheet; None takes a picture's lines out.

    A line that a person wrote about the picture, by path or with further columns, is changed in
    place: a second line beside it would contradict it.
    """
    emptied: set[int] = set()
    for digest, verdict in changes.items():
        lines = known[digest].lines if digest in known else ()
        if verdict is None:
            emptied.update(lines)
            continue
        cells = {"keep": "1" if verdict.keep else "0", "reason": verdict.reason}
        for number in lines:
            sheet = edit_row(sheet, number, cells)
        if not lines:
            sheet = add_row(sheet, {"id": digest} | cells)
    return remove_rows(sheet, emptied)


def plain_reason(text: str) -> str:
    """A reason fit for a cell: one line of at most 200 characters that is no formula."""
    return re.sub(r"\s+", " ", text.replace("\0", " ")).strip(" ").lstrip("=+-@ ")[:MAX_REASON]
