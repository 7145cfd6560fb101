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
        space.report.name: report_html(account).encode(),
        "predictions.csv": space.store.read(scores.predictions),
        "confusion.csv": confusion_csv(scores).encode(),
        "confusion.png": confusion_png(scores),
        "confusion-shares.png": confusion_png(scores, as_shares=True),
        "learning.png": learning_png(checkpoint.reports, checkpoint.best_epoch),
    }
    for name, data in files.items():
        with replacing(space.root / name) as part:
            part.write_bytes(data)
    return Reported(str(space.report), tuple(str(space.root / name) for name in files))
