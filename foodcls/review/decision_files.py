"""Chooses the files for a person's decisions and boxes, from a recipe."""

from dataclasses import dataclass
from pathlib import Path

from foodcls.recipe.recipe import Recipe
from foodcls.review.boxes import is_box_table


@dataclass(frozen=True)
class RecipeLine:
    """A line that a recipe needs so that the pipeline reads a file."""

    file: Path
    text: str


@dataclass(frozen=True)
class ReviewFiles:
    """The files for decisions and boxes, and the lines that the recipe lacks to name them."""

    decisions: Path
    boxes: Path
    missing: tuple[RecipeLine, ...] = ()
    proposals: Path | None = None  # boxes by a program, shown until a person decides
    suspects: Path | None = None  # pictures to doubt: shown first, as they are ranked by then
    likeness: Path | None = None  # which pictures look alike
    layout: Path | None = None  # where they lie on the map; made anew where it is absent
    refused: Path | None = None  # proposals that a person deleted: `propose` leaves them out


def choose_files(recipe: Recipe, path: Path) -> ReviewFiles:
    """The files that a recipe names; filter.csv and boxes.csv beside it where it names none.

    `path` is the recipe's file. Boxes in another tool's format stay as they are: new ones go
    into a table beside the recipe.
    """
    folder = path.resolve().parent
    decisions = recipe.filter.manifest or folder / "filter.csv"
    boxes = recipe.crop.boxes if _is_ours(recipe) else _free_table(folder)
    assert boxes is not None
    lines = []
    if recipe.filter.manifest is None:
        lines.append(RecipeLine(decisions, f"filter: {{manifest: {decisions.name}}}"))
    if recipe.crop.boxes != boxes:
        lines.append(RecipeLine(boxes, f"crop: {{boxes: {boxes.name}}}"))
    return ReviewFiles(decisions, boxes, tuple(lines))


def _is_ours(recipe: Recipe) -> bool:
    boxes = recipe.crop.boxes
    return boxes is not None and recipe.crop.units in ("auto", "pixels") and is_box_table(boxes)


def _free_table(folder: Path) -> Path:
    """A box table that exists already, or an unused name."""
    usual = folder / "boxes.csv"
    return usual if not usual.exists() or is_box_table(usual) else folder / "boxes-drawn.csv"
