"""Lays out a confusion matrix as cells with positions, shades and texts, for a page to draw."""

from collections.abc import Sequence
from dataclasses import dataclass

# units of the drawing: a cell holds three digits, or "100", at CSS's 11 pixels
SIDE = 26
# a name takes so many units a letter at 12 pixels, and is cut beyond this many letters
LETTER, LONGEST = 6.6, 30
# the height of a name at 45 degrees, as a share of its length
LEAN = 0.71


@dataclass(frozen=True)
class Cell:
    """A cell of the matrix with at least one picture."""

    x: float
    y: float
    count: int
    percent: str  # of the true class's pictures
    shade: float  # 0 to 1
    text: str


@dataclass(frozen=True)
class Matrix:
    """The drawing: a row for each true class, a column for each predicted one."""

    labels: tuple[str, ...]
    cells: tuple[Cell, ...]
    side: int
    left: int  # room for the names of rows
    top: int  # room for the names of columns
    width: int
    height: int


def lay_matrix(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> Matrix:
    """Place the cells of counts (C, C); empty ones, nearly all of 100 classes, are left out."""
    names = tuple(_cut(label) for label in labels)
    longest = max(map(len, names))
    left = round(longest * LETTER) + 14
    top = round(longest * LETTER * LEAN) + 24
    extent = SIDE * len(labels)
    return Matrix(
        labels=names,
        cells=tuple(_cells(labels, confusion)),
        side=SIDE,
        left=left,
        top=top,
        # the last column's name reaches out to the right
        width=left + extent + round(longest * LETTER * LEAN),
        height=top + extent + 8,
    )


def share_text(share: float) -> str:
    """A share above 0 in percent, in three characters at most."""
    # only an exact 0 or 1 may read as 0 or 100
    if share < 0.005:
        return "<1"
    return "99" if 0.995 <= share < 1 else f"{100 * share:.0f}"


def _cells(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> list[Cell]:
    return [
        Cell(
            x=SIDE * column,
            y=SIDE * row,
            count=count,
            percent=share_text(count / sum(counts)),
            shade=round(count / sum(counts), 3),
            text=f"{labels[row]} said to be {labels[column]}: {count} of {sum(counts)}",
        )
        for row, counts in enumerate(confusion)
        for column, count in enumerate(counts)
        if count
    ]


def _cut(label: str) -> str:
    return label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"
