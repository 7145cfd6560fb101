"""Writes what a run found into the workspace, for people: the report, its plots, the answers."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from foodcls import __version__
from foodcls.judge.plots import confusion_csv, confusion_png, learning_png
from foodcls.judge.report import report_html
from foodcls.learn.account import gather_account
from foodcls.manifest import load_manifest
from foodcls.recipe import Recipe, flatten
from foodcls.steps import Step, results_of
from foodcls.store import replacing
from foodcls.workspace import Workspace
from tasks.caching import stage


@dataclass(frozen=True)
class Reported:
    """Where the report lies, and all files that were written, by their paths."""

    path: str
    files: tuple[str, ...]


@stage()
def report(space: Workspace, plan: Recipe, steps: list[Step[Any]]) -> Reported:
    """Write report.html and the tables and pictures behind it."""
    pictures, checkpoint, scores, model = results_of(
        steps, "augment", "calibrate", "evaluate", "export"
    )
    manifest = load_manifest(pictures, space.store)
    account = gather_account(plan.name, checkpoint, scores, manifest, space.store)
    digests = {
        "exported file": model.blob,
        "recipe": plan.digest,
        "manifest": pictures.digest,
        **account.digests,
        "foodcls": __version__,
    }
    account = dataclasses.replace(account, digests=digests, settings=flatten(plan))
    files = {
        space.report: report_html(account).encode(),
        space.predictions: space.store.read(scores.predictions),
        space.confusion: confusion_csv(scores).encode(),
        space.confusion_plot: confusion_png(scores),
        space.confusion_shares: confusion_png(scores, as_shares=True),
        space.learning: learning_png(checkpoint.reports, checkpoint.best_epoch),
    }
    for path, data in files.items():
        with replacing(path) as part:
            part.write_bytes(data)
    return Reported(str(space.report), tuple(map(str, files)))
