"""Writes what a run found into the workspace, for people: the report, its plots, the answers."""

import dataclasses

from foodcls import __version__
from foodcls.evaluate.looks import estimate_accuracy, read_looks
from foodcls.evaluate.quotas import current_worth, read_worth
from foodcls.manifest import load_manifest
from foodcls.recipe.recipe import Recipe, flatten
from foodcls.report.by_hand import explain_looks
from foodcls.report.plots import confusion_csv, confusion_png
from foodcls.report.report import gather_report, report_html
from foodcls.report.sentences import explain_worth
from foodcls.runs.run_result import Reported, Trained
from foodcls.store.store import digest_file, write_whole
from foodcls.workspace.workspace import Workspace
from tasks.engine.recall import RECALLING
from tasks.engine.stage import stage

# what the report tells of pictures
SHOWN = ("id", "label", "given_label", "origin", "page", "cluster", "state", "picture", "split",
         "parent")  # fmt: skip


@stage()
def report(workspace: Workspace, recipe: Recipe, trained: Trained) -> Reported:
    """Write report.html and the tables and pictures behind it."""
    checkpoint, scores = trained.checkpoint.result, trained.scores.result
    manifest = load_manifest(trained.pictures, workspace.store, SHOWN)
    data = gather_report(
        recipe.name, checkpoint, scores, manifest, workspace.store, trained.own_worth
    )
    digests = {
        "exported file": trained.model.result.blob,
        "recipe": recipe.digest,
        "manifest": trained.pictures.digest,
        workspace.manifest.name: digest_file(workspace.manifest),
        **data.digests,
        "foodcls": __version__,
    }
    worth = explain_worth(current_worth(read_worth(workspace.worth), manifest))
    path = recipe.report.looks
    looks = read_looks(path, manifest, recipe.labels) if path else {}
    seen = explain_looks(estimate_accuracy(data.answers, looks))
    data = dataclasses.replace(
        data, digests=digests, settings=flatten(recipe), worth=worth, seen=seen
    )
    files = {
        workspace.report: report_html(data).encode(),
        workspace.predictions: workspace.store.read(scores.predictions),
        workspace.confusion: confusion_csv(scores).encode(),
    }
    # of a run that is recalled it is there
    if not RECALLING.get() or not workspace.confusion_plot.exists():
        files[workspace.confusion_plot] = confusion_png(scores)
    for path, content in files.items():
        write_whole(path, content)
    return Reported(str(workspace.report), tuple(map(str, (*files, workspace.confusion_plot))))
