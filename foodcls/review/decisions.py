"""Reads and writes a person's decisions, keep, drop or relabel, as rows of filter.csv.

The pipeline reads the file by the same code, so the page and a run never disagree about it.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from foodcls.filter.decisions import read_decisions
from foodcls.tables.edit_csv import Sheet, add_rows, edit_rows, remove_rows
from foodcls.tables.match_rows import Finder

COLUMNS = ("id", "keep", "reason")
MAX_REASON = 200  # characters


@dataclass(frozen=True)
class Verdict:
    """The decision about a picture, and the lines of the file that hold it."""

    keep: bool
    reason: str = ""
    label: str = ""  # the class that it shows; empty: that under which it was found
    annotator: str = ""  # who decided, where that is known
    lines: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """The decision in words, e.g. `drop: blurred` or `keep as bread, by Ann`."""
        kind = f"keep as {self.label}" if self.keep and self.label else "keep"
        said = (kind if self.keep else "drop") + (f": {self.reason}" if self.reason else "")
        return said + (f", by {self.annotator}" if self.annotator else "")


def read_verdicts(path: Path, finder: Finder, labels: Collection[str]) -> dict[str, Verdict]:
    """The verdict of each picture, by id; where lines disagree, the last one counts.

    A line may name its picture by id, by the beginning of an id, or by path. Lines that name
    none of this workspace are left out. TableError when a line cannot be read, or names a class
    that is none of `labels`.
    """
    verdicts: dict[str, Verdict] = {}
    if not path.exists() or not path.stat().st_size:
        return verdicts
    for item in read_decisions(path, labels):
        match = finder.find(item.id, item.path)
        for digest in {finder.owners[row] for row in match.rows}:
            lines = *verdicts.get(digest, Verdict(item.keep)).lines, item.number
            verdicts[digest] = Verdict(item.keep, item.reason, item.label, item.annotator, lines)
    return verdicts


def write_verdicts(
    sheet: Sheet, known: Mapping[str, Verdict], changes: Mapping[str, Verdict | None]
) -> Sheet:
    """Put changed verdicts into the sheet; None takes a picture's lines out.

    A line that a person wrote about the picture, by path or with further columns, is changed in
    place: a second line beside it would contradict it.
    """
    columns, emptied = sheet.columns, set[int]()
    edited: dict[int, dict[str, str]] = {}
    added: list[dict[str, str]] = []
    for digest, verdict in changes.items():
        lines = known[digest].lines if digest in known else ()
        if verdict is None:
            emptied.update(lines)
            continue
        cells = {"keep": "1" if verdict.keep else "0", "reason": verdict.reason}
        more = {"label": verdict.label, "annotator": verdict.annotator}
        # a column that nobody needs is not added to a person's table
        cells |= {name: text for name, text in more.items() if text or name in columns}
        edited |= dict.fromkeys(lines, cells)
        if not lines:
            added.append({"id": digest} | cells)
    return remove_rows(add_rows(edit_rows(sheet, edited), added), emptied)


def plain_reason(text: str) -> str:
    """A reason fit for a cell: one line of at most 200 characters that is no formula."""
    # half of a character, as a browser's field cuts it, is none in UTF-8
    whole = text.encode(errors="replace").decode().replace("\0", " ")
    return re.sub(r"\s+", " ", whole).strip(" ").lstrip("=+-@ ")[:MAX_REASON]
