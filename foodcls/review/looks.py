"""The test pictures for a person to look at: in drawn order, and without what a model says."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from foodcls.errors import InputError
from foodcls.evaluate.looks import TrueAccuracy, chance_of, draw_order, estimate_accuracy
from foodcls.manifest import split_rows
from foodcls.metrics.predictions import read_last
from foodcls.recipe.recipe import Recipe
from foodcls.review.changes import label_of
from foodcls.review.decision_files import RecipeLine, ReviewFiles, choose_files
from foodcls.review.decisions import Verdict
from foodcls.review.gallery import COLUMNS, Gallery, GalleryItem
from foodcls.review.session import Session
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace

BATCH = 60  # pictures shown together: some screens


class LooksSession(Session):
    """Test pictures in batches, not in classes; what a person says of them moves none."""

    def __init__(
        self,
        rows: pd.DataFrame,
        labels: Sequence[str],
        files: ReviewFiles,
        order: Sequence[str],
        annotator: str = "",
    ) -> None:
        # the gallery leaves outside test sets out, and knows no look-alikes here
        super().__init__(rows.assign(source="", cluster=""), labels, files, annotator)
        found = super().gallery.items
        items = {name: found[name] for name in order if name in found}
        self._drawn_gallery = Gallery(_batches(list(items.values())), items)
        batches = self._drawn_gallery.by_label.items()
        self._homes = {item.id: name for name, batch in batches for item in batch}

    @property
    def gallery(self) -> Gallery:
        """The pictures as they were drawn."""
        return self._drawn_gallery

    def home_of(self, item: GalleryItem) -> str:
        """The batch of a picture."""
        return self._homes[item.id]

    def place_of(self, item: GalleryItem, verdict: Verdict | None) -> str:
        """The batch of a picture, whatever was decided of it."""
        return self.home_of(item)


def open_looks(
    recipe: Recipe, path: Path, workspace: Workspace, annotator: str = ""
) -> LooksSession:
    """Open the test pictures of a workspace for review; InputError where it has none yet.

    What a person says goes into a file of its own: that which the recipe names as `report.looks`,
    or test-looks.csv beside the recipe, whose file `path` is.
    """
    manifest = read_manifest(workspace.manifest, COLUMNS)
    rows = split_rows(manifest, "test")
    if rows.empty:
        raise InputError("there are no test pictures yet; `foodcls prepare RECIPE` splits them off")
    looks = recipe.report.looks or path.resolve().parent / "test-looks.csv"
    files = choose_files(recipe, path)
    missing = [line for line in files.missing if line.file == files.boxes]
    if recipe.report.looks is None:
        missing.append(RecipeLine(looks, f"report: {{looks: {looks.name}}}"))
    files = replace(files, decisions=looks, missing=tuple(missing))
    return LooksSession(rows, recipe.labels, files, _order(rows, workspace), annotator)


def estimate_session(session: Session, workspace: Workspace) -> TrueAccuracy | None:
    """What the looks say of the last model's accuracy; None where no model was judged yet."""
    answers = read_last(workspace.predictions)
    items = session.gallery.items
    shown = {name: label_of(items[name], verdict) if verdict.keep else ""
             for name, verdict in session.verdicts().items() if name in items}  # fmt: skip
    return estimate_accuracy(answers, shown) if answers else None


def _order(rows: pd.DataFrame, workspace: Workspace) -> list[str]:
    """Ids as they were drawn; before a model was judged, by chance alone."""
    chance = sorted(rows["id"].unique(), key=chance_of)
    answers = read_last(workspace.predictions)
    return list(dict.fromkeys([*(draw_order(answers) if answers else ()), *chance]))


def _batches(items: list[GalleryItem]) -> dict[str, tuple[GalleryItem, ...]]:
    """Batches by their name; within one, class by class: so that it is quickly looked through."""
    batches = {}
    for start in range(0, len(items), BATCH):
        batch = items[start : start + BATCH]
        name = f"pictures {start + 1} to {start + len(batch)}"
        batches[name] = tuple(sorted(batch, key=lambda item: item.label))
    return batches
