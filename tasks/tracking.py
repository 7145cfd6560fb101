"""Tells MLflow of a run: parameters, metrics, tables, pictures, and a registered model version.

What is told is first kept as plain files, then sent: a server that is away costs a run nothing.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlflow.tracking import MlflowClient
from mlflow.tracking.context.registry import resolve_tags

from foodcls.errors import BusyError
from foodcls.judge.runs import RunLine, runs_html
from foodcls.learn.ablation import Ablation, Trial, ablation_csv
from foodcls.lock import holding
from foodcls.manifest import load_manifest
from foodcls.recipe import Recipe
from foodcls.records import Account, Record, Registration, keep_record
from foodcls.steps import Step, results_of
from foodcls.workspace import Workspace
from tasks.accounts import (
    answer_files,
    describe_dataset,
    draft_record,
    run_files,
    save_model,
    version_tags,
    write_files,
)
from tasks.caching import stage
from tasks.earlier import list_runs, run_line
from tasks.figures import digest_tests, name_run, record_digest, run_figures, run_settings, run_tags
from tasks.published import publish_model
from tasks.sending import Sent, find_version, send_waiting
from tasks.server import FAILURES, asking_once, is_there, tracking
from tasks.trials import ablation_tags, trial_figures, trial_tags


@dataclass(frozen=True)
class Recorded:
    """Where a run stands in MLflow, or why it waits in the workspace to be sent."""

    tracking_uri: str
    experiment_id: str
    run_id: str
    version: str  # of the registered model named like the recipe
    model_path: str
    is_new: bool = True  # False: an earlier run gave all of this, and is the one that is named
    waiting: str = ""


@dataclass(frozen=True)
class RecordedTable:
    """Where the run of an ablation stands in MLflow; those of its rows are nested in it."""

    tracking_uri: str
    run_id: str
    waiting: str = ""


@stage()
def record(space: Workspace, plan: Recipe, recipe_file: Path, steps: list[Step[Any]]) -> Recorded:
    """Record one complete run and register its model, unless a run has told the very same."""
    pictures, scores, model = results_of(steps, "augment", "evaluate", "export")
    path = publish_model(space, plan.name, model, pictures)
    digest = record_digest(plan, steps)
    known, earlier = look_back(space, plan.name, digest)
    if known:
        return replace(known, model_path=str(path))
    manifest = load_manifest(pictures, space.store)
    account = Account(
        name=name_run(plan, pictures, earlier),
        tags={
            **resolve_tags(),
            **run_tags(plan, steps),
            "test_digest": digest_tests(manifest),
        },
        settings=run_settings(plan),
        figures=tuple(run_figures(steps)),
        dataset=describe_dataset(space, plan, pictures.digest, manifest),
    )
    registration = Registration(plan.name, model.blob, version_tags(scores))

    def fill(folder: Path) -> None:
        runs = [run_line(account), *earlier]
        files = {"runs.html": runs_html(plan.name, runs).encode()}
        write_files(folder / "runs" / "0", {**run_files(space, steps, recipe_file, path), **files})
        save_model(folder / "model", path, plan.labels)

    sent = tell(space, draft_record(plan, digest, steps, (account,), registration), fill)
    return Recorded(
        sent.address, sent.experiment_id, sent.run_id, sent.version, str(path), waiting=sent.trouble
    )


@stage(name="record")
def record_ablation(
    space: Workspace, plan: Recipe, table: Ablation, trials: list[Trial]
) -> RecordedTable:
    """Record one run for the whole table and, nested in it, one for each of its rows."""
    settings, common = run_settings(plan), resolve_tags()
    whole = Account("ablation", {**common, **ablation_tags(plan, table)}, settings, ())
    rows = [
        Account(trial.name, {**common, **trial_tags(plan, trial)}, settings,
                tuple(trial_figures(trial)), _dataset(space, plan, trial))
        for trial in trials
    ]  # fmt: skip

    def fill(folder: Path) -> None:
        write_files(folder / "runs" / "0", {space.ablation.name: ablation_csv(table).encode()})
        for number, trial in enumerate(trials, start=1):
            answers = answer_files(space, trial.scores.result)
            write_files(folder / "runs" / str(number), answers)

    steps = [step for trial in trials for step in trial.steps]
    digest = f"{plan.digest} {ablation_csv(table)}"
    sent = tell(space, draft_record(plan, digest, steps, (whole, *rows)), fill)
    return RecordedTable(sent.address, sent.run_id, sent.trouble)


def _dataset(space: Workspace, plan: Recipe, trial: Trial) -> dict[str, str]:
    seen = trial.pictures.result
    return describe_dataset(space, plan, seen.digest, load_manifest(seen, space.store))


def look_back(
    space: Workspace, name: str, digest: str
) -> tuple[Recorded | None, tuple[RunLine, ...]]:
    """The run that has told exactly this already, if there is one, and the latest runs.

    A server that is away is found out when something is to be sent.
    """
    # to ask a database that is not there would make one
    if not is_there(space):
        return None, ()
    with suppress(*FAILURES), tracking(space) as client, asking_once():
        if experiment := client.get_experiment_by_name(name):
            place = experiment.experiment_id
            return find_record(client, place, name, digest), tuple(list_runs(client, place))
    return None, ()


def find_record(client: MlflowClient, experiment: str, name: str, digest: str) -> Recorded | None:
    """The finished run that has told exactly this already, if its model is still registered."""
    same = f"tags.record_digest = '{digest}' and attributes.status = 'FINISHED'"
    for run in client.search_runs([experiment], same):
        version = find_version(client, name, run.data.tags.get("model_digest", ""))
        if version:
            uri, info = client.tracking_uri, run.info
            return Recorded(uri, info.experiment_id, info.run_id, version, "", is_new=False)
    return None


def tell(space: Workspace, draft: Record, fill: Callable[[Path], None]) -> Sent:
    """Keep a record, then send it and whatever else waits; a server that is away ends no run."""
    space.records.mkdir(exist_ok=True)
    try:
        with holding(space.records):
            waiting = keep_record(space.records, draft, fill)
            return {sent.key: sent for sent in send_waiting(space)}[waiting.record.key]
    except BusyError as error:
        # `foodcls sync` is at it, and began before this record was there
        waiting = keep_record(space.records, draft, fill)
        return Sent(waiting.record.key, draft.address, trouble=str(error))
