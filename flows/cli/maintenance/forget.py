"""Shows what forgetting pictures comes to, does it if asked to, and trains anew without them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from flows.cli.options import look_ahead, read_recipe
from flows.cli.output import command_in, find_workspace, out, say, say_sentences
from flows.cli.prefect_server import server_needed, server_starting
from flows.cli.run import show_run
from foodcls.blocklist import home_file
from foodcls.errors import ServerError
from foodcls.metrics.align import align_predictions, keep_common
from foodcls.metrics.predictions import Predictions, read_last
from foodcls.report.comparison import build_comparison, comparison_record
from foodcls.store.disk import format_bytes
from foodcls.workspace.forget import (
    Forgetting,
    find_forgotten,
    forget,
)
from foodcls.workspace.gc import find_users
from foodcls.workspace.lock import holding
from foodcls.workspace.wanted import read_wanted
from foodcls.workspace.workspace import Workspace
from tasks.engine.stage import read_results
from tasks.tracking.uses import VersionUse, versions_using

SHOWN = 40  # pictures on the terminal; --json has all
SPLITS = ("train", "val", "test", "own", "no split")


def show_forgetting(what: str, folder: Path, *, deletes: bool) -> dict[str, Any]:
    """Print who has used the pictures and what goes; with `deletes`, bar and remove them."""
    workspace = find_workspace(folder)
    with ExitStack() as stack:
        for user in find_users(workspace)[0] if deletes else ():
            stack.enter_context(holding(user.root))
        found = find_forgotten(workspace, read_wanted(what), read_results)
        versions, trouble = _ask_registry(workspace, found)
        _show(found, versions)
        for line in trouble:
            say(line, style="yellow")
        if deletes:
            forget(workspace, found, home_file(os.environ))
    for line in _list_closing(found, versions, folder, deletes=deletes):
        say(line)
    return {**asdict(found), "blobs": sorted(found.blobs),
            "versions": [asdict(one) for one in versions], "deleted": deletes}  # fmt: skip


def retrain_without(recipe_file: Path, folder: Path) -> dict[str, Any]:
    """Train anew, and print how the new model does on the test pictures that are left."""
    before, recipe = read_last(Workspace(folder).predictions), read_recipe(recipe_file)
    look_ahead(recipe, folder)
    with server_starting():
        from flows.train import train

    with server_needed():
        run = show_run(train(recipe, folder), folder, recipe_file)
    return {"run": run, "comparison": _show_loss(before, folder)}


def _show_loss(before: Predictions | None, folder: Path) -> dict[str, Any]:
    """Print whether the model without the pictures is better or worse on the test ones left."""
    after = read_last(Workspace(folder).predictions)
    if before is None or after is None:
        out.print("there was no model before, so there is nothing to compare")
        return {}
    names = ("the model before", "the new one")
    common = keep_common(before, after)
    comparison = build_comparison(*align_predictions(*common, names), names)
    gone = len(before.ids) - len(common[0].ids)
    if gone:
        note = f"{gone} of the {len(before.ids)} test pictures of before are not compared."
        comparison = replace(comparison, notes=(note,))
    say_sentences(*comparison.sentences)
    return comparison_record(comparison)


def _ask_registry(
    workspace: Workspace, found: Forgetting
) -> tuple[Sequence[VersionUse], Sequence[str]]:
    try:
        versions = list(versions_using(workspace, found.ids)) if found.pictures else []
    except ServerError as error:
        return [], [f"registered models were not looked at: {error}"]
    return [one for one in versions if not one.trouble], [
        f"version {one.version} of {one.name} cannot be looked into: {one.trouble}"
        for one in versions if one.trouble
    ]  # fmt: skip


def _show(found: Forgetting, versions: Sequence[VersionUse]) -> None:
    pictures = Table("picture", "class", "source", "why", box=SIMPLE_HEAD)
    for one in found.pictures[:SHOWN]:
        name = Text(f"{one.id[:16]} {one.origin}", overflow="fold")
        pictures.add_row(name, Text(one.label), Text(one.source), Text(one.why))
    if found.pictures:
        out.print(pictures)
    if len(found.pictures) > SHOWN:
        out.print(f"and {len(found.pictures) - SHOWN} more; --json FILE has all of them")
    uses = Table("used by", *SPLITS, box=SIMPLE_HEAD)
    for use in found.tables:
        _add(uses, f"{use.workspace}: {use.table}", use.counts)
    for path, count in found.models.items():
        _add(uses, path, {"train": count})
    for version in versions:
        served = f" ({', '.join(version.aliases)})" if version.aliases else ""
        _add(uses, f"{version.name} version {version.version}{served}", version.counts)
    if uses.row_count:
        out.print(uses)


def _add(table: Table, name: str, counts: Mapping[str, int]) -> None:
    cells = [str(counts.get(split, "")) for split in SPLITS]
    table.add_row(Text(name, overflow="fold"), *cells)


def _list_closing(
    found: Forgetting, versions: Sequence[VersionUse], folder: Path, *, deletes: bool
) -> Iterator[str]:
    """What to do by hand, what to type next, and what was done."""
    kept = sorted({one.source for one in found.pictures} & {"folder", "test", "own"})
    if kept:
        yield f"files of the folders ({', '.join(kept)}) stay where they are: delete them by hand"
    for place in found.away:
        yield f"{place} uses the store and cannot be looked into from here: type the same there"
    learnt = [one for one in versions if {"train", "val", "own"} & set(one.counts)]
    for name in sorted({one.name for one in learnt}):
        yield f"to be trained anew: {name}; `foodcls forget ... --retrain RECIPE` does it"
    for one in versions:
        if one.aliases:
            yield (
                f"{one.name} version {one.version} still has the alias {', '.join(one.aliases)}: "
                "`foodcls promote RECIPE VERSION` lets another serve"
            )
    if versions:
        yield (
            "their runs in MLflow keep reports with small pictures: delete the runs there, then "
            f"`{command_in(folder, 'gc', '--delete')}`"
        )
    told = f"{len(found.pictures)} pictures, {len(found.blobs)} blobs, {format_bytes(found.size)}"
    if deletes:
        barred = f"{len(found.entries)} addresses, ids and rules are barred for good"
        yield f"{told}: forgotten; {barred}"
    else:
        yield f"{told}; nothing was done: --delete bars and removes them"
