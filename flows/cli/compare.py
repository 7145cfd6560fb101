"""Compares two models on the same pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from flows.cli.output import command_in, find_manifest, out, say, spell_estimate
from foodcls.errors import InputError
from foodcls.export.load import load_model
from foodcls.export.predict_tests import is_trained_on, predict_tests
from foodcls.manifest import split_rows
from foodcls.metrics.align import align_predictions
from foodcls.metrics.predictions import Predictions, read_last
from foodcls.metrics.scores import Estimate
from foodcls.report.comparison import (
    Comparison,
    build_comparison,
    comparison_html,
    comparison_record,
)
from foodcls.report.thumbnails import PictureIndex, index_pictures
from foodcls.store.store import write_whole
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars


@dataclass(frozen=True)
class ComparedModel:
    """One of the two: what it is called, what it said, and where its pictures may lie."""

    name: str
    answers: Predictions
    folder: Path
    note: str = ""  # why to doubt it


def compare(a: str, b: str, folder: Path, page: Path | None) -> dict[str, Any]:
    """Print which is better; write the changed pictures to `page`, if given; give all of it."""
    first, second = find_model(a, folder), find_model(b, folder)
    names = first.name, second.name
    notes = tuple(model.note for model in (first, second) if model.note)
    comparison = build_comparison(
        *align_predictions(first.answers, second.answers, names), names, notes
    )
    show_comparison(comparison)
    if page:
        pictures = find_pictures(comparison, [folder, first.folder, second.folder])
        write_whole(page, comparison_html(comparison, pictures))
        say(f"{page}")
    else:
        out.print("--html FILE shows the changed pictures", style="dim")
    return comparison_record(comparison)


def find_model(name: str, folder: Path) -> ComparedModel:
    """What is meant by a name: a workspace, an exported file, or a run or model in MLflow."""
    path = Path(name)
    if path.is_dir():
        return ComparedModel(name, _read_last(path), path)
    if path.is_file() or path.suffix in (".pt", ".onnx"):
        return _ask_file(path, folder)
    # files and workspaces need not wait for MLflow
    from tasks.tracking.history import recorded_answers

    return ComparedModel(name, recorded_answers(_open(folder), name), folder)


def find_pictures(comparison: Comparison, places: list[Path]) -> PictureIndex:
    """The pictures of the workspace that has most of them."""
    indexes = [
        index_pictures(split_rows(read_manifest(workspace.manifest), "test"), workspace.store)
        for workspace in map(_open, dict.fromkeys(places))
        if workspace.manifest.exists()
    ]
    if not indexes:
        raise InputError(
            f"{Workspace(places[0]).manifest} is not there, so there are no pictures to show; name "
            "the workspace that has them with --workspace, or leave --html out"
        )
    return max(indexes, key=lambda pictures: pictures.count(comparison.a.keys))


def show_comparison(comparison: Comparison) -> None:
    """Print the figures of both, and what they mean."""
    test, (a, b) = comparison.test, comparison.names
    table = Table(title=f"A: {a}\nB: {b}", box=SIMPLE_HEAD, title_justify="left")
    table.add_column(f"{test.n} pictures", no_wrap=True)
    for name in ("A", "B", "B − A"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("accuracy", "average_position"):
        first, second, shift = (getattr(side, name) for side in (test.a, test.b, test))
        table.add_row(
            name.replace("_", " "), _within(first), _within(second), _within(shift, "{:+.3f}")
        )
    out.print(table)
    # not wrapped: the paths of the models have to survive being copied
    say("\n".join(comparison.sentences))


def _read_last(folder: Path) -> Predictions:
    table = Workspace(folder).predictions
    if found := read_last(table):
        return found
    raise InputError(f"{table} is not there; `{command_in(folder, 'run', 'RECIPE')}` first")


def _ask_file(path: Path, folder: Path) -> ComparedModel:
    model, manifest = load_model(path), read_manifest(find_manifest(folder))
    workspace = _open(folder)
    # groups that the recipe names stand only there
    known = read_last(workspace.predictions)
    groups = dict(zip(known.ids, known.groups, strict=True)) if known else {}
    answers = predict_tests(model, manifest, workspace.store, groups, bars)
    note = (
        f"{path.stem} learnt from other pictures than the last run in {folder}: if some of the "
        "test pictures were among them, its figures are too good."
    )
    return ComparedModel(path.stem, answers, folder, "" if is_trained_on(model, manifest) else note)


def _open(folder: Path) -> Workspace:
    # wherever it keeps its store; nothing is made there
    return Workspace(folder.resolve())


def _within(estimate: Estimate, form: str = "{:.3f}") -> str:
    # below each other: beside each other they would leave no room for names in 80 columns
    return spell_estimate(estimate, form, "{}\n{} to {}")
