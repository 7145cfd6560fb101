"""Prints the result of a run for a person."""

import logging
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from flows.cli.output import command_in, err, out, say, say_sentences
from flows.cli.prefect_server import find_page
from foodcls.errors import command_line
from foodcls.evaluate.enough import COLUMNS, LEAST, few_classes
from foodcls.recipe.recipe import Recipe
from foodcls.runs.run_result import RunResult, summarize
from foodcls.runs.stage_result import describe, is_worth_telling
from foodcls.store.store import digest_file
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.services import Check
from foodcls.workspace.workspace import Workspace

log = logging.getLogger("foodcls.stages")


def recall_run(recipe: Recipe, folder: Path) -> RunResult | None:
    """The result of a run of which nothing would have to be done anew; its stages are told."""
    space = Workspace(folder)
    # flows take seconds to import: not where the last run was of another recipe, or of other files
    if not (space.report.exists() and space.manifest.exists()):
        return None
    told = space.report.read_text("utf-8")
    if recipe.digest not in told or digest_file(space.manifest) not in told:
        return None
    from flows.train import train
    from tasks.engine.recall import recall
    from tasks.engine.retry import tell_lost

    result: RunResult | None = recall(train, recipe, folder)
    for step in filter(is_worth_telling, result.steps if result else ()):
        log.info("%s", describe(step))
        tell_lost(step)
    return result


@contextmanager
def checking_report(folder: Path) -> Iterator[None]:
    """Warn after the block if report.html is of an earlier run than manifest.csv."""
    try:
        yield
    finally:
        space = Workspace(folder)
        are_there = space.report.exists() and space.manifest.exists()
        if are_there and digest_file(space.manifest) not in space.report.read_text("utf-8"):
            told = f"{space.report.name} beside it still tells of one before"
            say(f"{space.manifest} is of this run; {told}", "yellow", err)


def show_run(run: RunResult, folder: Path, recipe_file: Path) -> dict[str, Any]:
    """Print a run's result and where to look; give all of it for programs."""
    result = summarize(run)
    show_result(result)
    show_places(result, folder, recipe_file)
    return result


def show_result(result: dict[str, Any]) -> None:
    """Print the scores, each class, and where to look next."""
    faulty = {label: score for label, score in result["per_class"].items()
              if (score["recall"], score["precision"]) != (1, 1)}  # fmt: skip
    if faulty:
        out.print(_class_table(faulty))
    if right := len(result["per_class"]) - len(faulty):
        others = "the other class" if right == 1 else f"{right} other classes"
        who = others if faulty else f"all {right} classes"
        say_sentences(f"{who}: each test picture is named right, and none is taken for them")
    out.print(
        f"accuracy [bold]{result['accuracy']:.3f}[/] "
        f"(95 %: {result['accuracy_low']:.3f} to {result['accuracy_high']:.3f}, "
        f"n = {result['n']}{_by_group(result)})",
        soft_wrap=True,
    )
    out.print(
        f"average position [bold]{result['average_position']:.2f}[/] "
        f"({result['average_position_low']:.2f} to {result['average_position_high']:.2f})",
        soft_wrap=True,
    )
    if result["advice"]:
        say_sentences(*(f"→ {sentence}" for sentence in result["advice"]))
        say("→ More: docs/low-accuracy.md")
    if result["cached"]:
        out.print(f"cached: {', '.join(result['cached'])}")


def show_places(result: dict[str, Any], folder: Path, recipe_file: Path) -> None:
    """Print where the files lie and what to type to open the two UIs."""
    workspace, waiting = Workspace(folder), result["mlflow_waiting"]
    run = f"{result['mlflow_run_id']}, model version {result['registered_version']}"
    # as it has to be typed here: an environment that is not activated is not on the PATH
    bin = os.path.relpath(Path(sys.executable).parent)
    here = "" if shutil.which("foodcls") else command_line(f"{bin}/")
    model, license = _near(result["model_path"]), result["weights_license"]
    runs = (
        find_page(result["prefect_flow_run_id"])
        or "PREFECT_SERVER_ANALYTICS_ENABLED=false \\\n"
        f"  {here}prefect server start   # http://127.0.0.1:4200"
    )
    there = _near(str(folder))
    few = few_classes(read_manifest(workspace.manifest, COLUMNS), list(result["per_class"]))
    worth = here + command_in(there, "worth", _near(str(recipe_file)))
    told = f"pictures of {', '.join(few)}: from {LEAST} on, `foodcls worth` forecasts"
    rows = [
        ("report", _near(str(workspace.report))),
        ("model", model),
        ("license", license and f"{license}, of the weights that it began with"),
        ("pictures", _near(str(workspace.manifest))),
        ("MLflow run", f"not sent: {waiting}" if waiting else run),
        ("to send it", waiting and here + command_in(there, "sync")),
        ("try it", here + command_line("foodcls", "predict", model, "PICTURE...")),
        ("what to add", told if few else worth),
        ("MLflow UI", open_tracking(here, result)),
        ("Prefect UI", runs),
    ]
    for name, text in filter(itemgetter(1), rows):
        out.print(f"[bold]{name:<12}[/]", end="")
        # not wrapped: a command has to survive being copied
        say(text)


def _near(path: str) -> str:
    """A path as short as it can be typed from here."""
    return os.path.relpath(path) if Path(path).is_relative_to(Path.cwd()) else path


def open_tracking(here: str, result: dict[str, Any]) -> str:
    """The page of the run on a server, or how to start a server for a store without one."""
    # one worker and no jobs: of itself it starts eight processes. In lines that a terminal holds
    return result["mlflow_page"] or (
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false DO_NOT_TRACK=true \\\n"
        f"  {here}mlflow ui --workers 1 \\\n"
        f"  --backend-store-uri {command_line(result['mlflow_tracking_uri'])}"
    )


def show_checks(checks: Iterable[Check]) -> None:
    """Print a line for each thing looked at, and how to mend what is not fine."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(max_width=24)
    # folded, not cut: an address has to survive being copied
    table.add_column(overflow="fold")
    for check in checks:
        mark = "[green]✓[/]" if check.is_fine else "[red]✗[/]" if check.is_needed else "–"
        table.add_row(mark, check.name, Text(check.text))
        if not check.is_fine:
            table.add_row("", "", Text(f"→ {check.mend}", style="dim"))
    out.print(table)


def _class_table(scores: dict[str, Any]) -> Table:
    table = Table(title="Test pictures, by class", box=SIMPLE_HEAD)
    table.add_column("class", overflow="fold")
    for name in ("n", "recall", "95 %", "precision", "position"):
        table.add_column(name, justify="right", no_wrap=True)
    for label, score in scores.items():
        table.add_row(
            label,
            str(score["n"]),
            _bar(score["recall"]),
            _bounds(score["recall_bounds"]),
            _number(score["precision"]),
            _number(score["average_position"]),
        )
    return table


def _by_group(result: dict[str, Any]) -> str:
    if result["groups"] == result["n"]:
        return ""
    low, high = result["accuracy_by_group_low"], result["accuracy_by_group_high"]
    return f"; by its {result['groups']} groups {low:.3f} to {high:.3f}"


def _bounds(bounds: tuple[float, float] | None) -> str:
    return f"[dim]{bounds[0]:.2f}–{bounds[1]:.2f}[/]" if bounds else ""


def _bar(share: float | None) -> str:
    return f"{'█' * round((share or 0) * 5):<5} {_number(share)}"


def _number(value: float | None) -> str:
    # nothing to divide by: no picture of that class, or none that was called so
    return "–" if value is None else f"{value:.2f}"
