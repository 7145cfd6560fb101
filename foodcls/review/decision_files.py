"""Chooses the files in which a person's decisions and boxes are kept, from a recipe."""

from dataclasses import dataclass
from pathlib import Path

from foodcls.recipe.recipe import Recipe
from foodcls.review.boxes import is_box_table


@dataclass(frozen=True)
class Line:
    """What a recipe has to say so that the pipeline reads a file."""

    file: Path
    text: str


@dataclass(frozen=True)
class Files:
    """Where decisions and boxes are kept, and what names them where the recipe does not."""

    decisions: Path
    boxes: Path
    missing: tuple[Line, ...] = ()
    proposals: Path | None = None  # boxes of a program, shown until a person decides
    refused: Path | None = None  # those that a person took away: `propose` leaves them out


def choose_files(recipe: Recipe, path: Path) -> Files:
    """The files that a recipe names; filter.csv and boxes.csv beside it where it names none.

    `path` is the recipe's file. Boxes that another tool wrote in a form of its own stay as they
    are: a table beside the recipe takes their place.
    """
    folder = path.resolve().parent
    decisions = recipe.filter.manifest or folder / "filter.csv"
    boxes = recipe.crop.boxes if _is_ours(recipe) else _free_table(folder)
    assert boxes is not None
    lines = []
    if recipe.filter.manifest is None:
        lines.append(Line(decisions, f"filter: {{manifest: {decisions.name}}}"))
    if recipe.crop.boxes != boxes:
        lines.append(Line(boxes, f"crop: {{boxes: {boxes.name}}}"))
    return Files(decisions, boxes, tuple(lines))


def _is_ours(recipe: Recipe) -> bool:
    boxes = recipe.crop.boxes
    return boxes is not None and recipe.crop.units in ("auto", "pixels") and is_box_table(boxes)


def _free_table(folder: Path) -> Path:
    """A table that is there already, or a name that nothing else bears."""
    usual = folder / "boxes.csv"
    return usual if not usual.exists() or is_box_table(usual) else folder / "boxes-drawn.csv"
