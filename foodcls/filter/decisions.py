"""Reads the CSV in which a person says which pictures to keep, and what they show."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from foodcls.tables.read_csv import (
    CsvRow,
    Problem,
    parse_sheet,
    plain_label,
    read_text,
    refuse_problems,
    shorten,
)

COLUMNS = ("id", "path", "keep", "label", "reason", "annotator")
KEEP_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "keep"), True),
    **dict.fromkeys(("false", "0", "no", "drop"), False),
}
BY_HAND = "dropped by hand"
A_PERSON = "a person"


@dataclass(frozen=True)
class Decision:
    """What a person decided about one picture, named by `id` or, without one, by `path`."""

    number: int  # line of the file
    id: str
    path: str
    keep: bool
    reason: str
    label: str = ""  # the class that the picture shows; empty: that under which it was found
    annotator: str = ""  # who decided, where the file says so

    @property
    def name(self) -> str:
        """What the picture is called in the file."""
        return self.id or self.path

    @property
    def says(self) -> str:
        """The class that the picture belongs to, or `drop`; to be compared."""
        return f"class {self.label}" if self.keep else "drop"


def read_decisions(path: Path, labels: Collection[str]) -> list[Decision]:
    """Read a CSV with `id` or `path`, `keep` and perhaps `label`, `reason` and `annotator`.

    `labels` are the classes of the recipe. TableError names all rows that do not say of which
    picture they speak or what to do, or that keep a picture as an unknown class.
    """
    return parse_decisions(path, read_text(path), labels)


def parse_decisions(path: Path, text: str, labels: Collection[str]) -> list[Decision]:
    """As `read_decisions`, of a text; `path` is what errors name."""
    rows, problems = parse_sheet(path, text, COLUMNS, needs_all=False)
    decisions = [_decision(row, labels) for row in rows]
    problems += [item for item in decisions if isinstance(item, Problem)]
    advice = f"a row needs an id or a path, and keep as one of {', '.join(KEEP_WORDS)}"
    if any(item.reason.startswith("label") for item in problems):
        advice += f"; label is empty or one of the recipe's classes: {', '.join(labels)}"
    refuse_problems(path, problems, advice)
    return [item for item in decisions if isinstance(item, Decision)]


def _decision(row: CsvRow, labels: Collection[str]) -> Decision | Problem:
    cells = {name: row.cells.get(name, "").strip() for name in COLUMNS}
    name, label = cells["id"] or cells["path"], plain_label(cells["label"])
    keep = KEEP_WORDS.get(cells["keep"].casefold())
    if not name:
        return Problem(row.number, "", "names no picture: id and path are empty")
    if keep is None:
        return Problem(row.number, name, f"keep is {cells['keep']!r}")
    if keep and label and label not in labels:
        return Problem(row.number, name, f"label is {shorten(label)!r}, which is no class")
    return Decision(
        row.number, cells["id"], cells["path"], keep, cells["reason"], label, cells["annotator"]
    )
