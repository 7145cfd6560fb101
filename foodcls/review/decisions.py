"""Reads and writes a person's decisions, keep, drop or relabel, as rows of filter.csv.

The pipeline reads the file by the same code, so the page and a run never disagree about it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from foodcls.errors import TableError
from foodcls.filter.decisions import parse_decisions
from foodcls.tables.edit_csv import Sheet, add_rows, edit_rows, remove_rows
from foodcls.tables.match_rows import Finder
from foodcls.tables.read_csv import read_text, split_lines

COLUMNS = ("id", "keep", "reason")
MAX_REASON = 200  # characters


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about a picture, and the lines of the file that hold it."""

    keep: bool
    reason: str = ""
    label: str = ""  # the class that it shows; empty: that under which it was found
    annotator: str = ""  # who decided, where that is known
    lines: tuple[int, ...] = field(default=(), compare=False)

    @property
    def words(self) -> str:
        """The decision in words, e.g. `drop: blurred` or `keep as bread, by Ann`."""
        kind = f"keep as {self.label}" if self.keep and self.label else "keep"
        said = (kind if self.keep else "drop") + (f": {self.reason}" if self.reason else "")
        return said + (f", by {self.annotator}" if self.annotator else "")


class VerdictReader:
    """Reads the verdicts of a file again and again: only lines that are new are parsed."""

    def __init__(self, finder: Finder, labels: Collection[str]) -> None:
        self._finder, self._labels = finder, labels
        self._header = ""
        self._known: dict[str, tuple[tuple[str, ...], Verdict]] = {}  # ids, by line

    def read(self, path: Path) -> dict[str, Verdict]:
        """The verdict of each picture, by id; where lines disagree, the last one counts.

        A line may name its picture by id, by the beginning of an id, or by path. Lines that name
        none of this workspace are left out. TableError when a line cannot be read, or names a class
        that is none of `labels`.
        """
        if not path.exists() or not path.stat().st_size:
            return {}
        text = read_text(path)
        header, *lines = split_lines(text)
        known = self._known if header == self._header else {}
        fresh = [line for line in dict.fromkeys(lines) if line not in known]
        known |= self._parse(path, text, [header, *fresh])
        self._header, self._known = header, {line: known[line] for line in lines}
        verdicts: dict[str, Verdict] = {}
        for number, line in enumerate(lines, start=2):
            ids, verdict = self._known[line]
            for digest in ids:
                earlier = verdicts[digest].lines if digest in verdicts else ()
                # as a rule it stands where it stood
                if verdict.lines != (*earlier, number):
                    verdict = replace(verdict, lines=(*earlier, number))
                    self._known[line] = ids, verdict
                verdicts[digest] = verdict
        return verdicts

    def _parse(
        self, path: Path, text: str, lines: Sequence[str]
    ) -> dict[str, tuple[tuple[str, ...], Verdict]]:
        """What the `lines` say behind the first, which is the header; TableError as of `text`."""
        try:
            decisions = parse_decisions(path, "\n".join(lines), self._labels)
        except TableError:
            # with the numbers that the lines have there
            parse_decisions(path, text, self._labels)
            raise
        told: dict[str, tuple[tuple[str, ...], Verdict]] = dict.fromkeys(
            lines[1:], ((), Verdict(keep=True))
        )
        for item in decisions:
            rows = self._finder.find(item.id, item.path).rows
            ids = tuple({self._finder.owners[row] for row in rows})
            verdict = Verdict(item.keep, item.reason, item.label, item.annotator)
            told[lines[item.number - 1]] = ids, verdict
        return told


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
    plain = re.sub(r"^['=+\-@ ]*[=+\-@ ]", "", re.sub(r"\s+", " ", whole))
    # as it is read again, or undo would take it for another's
    return plain[:MAX_REASON].rstrip(" ")
