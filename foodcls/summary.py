"""Turns the steps of a run into the one JSON value that programs read."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from foodcls.steps import Step, results_of, stage_counts, stage_seconds, stage_work


def summarize(steps: Sequence[Step[Any]]) -> dict[str, Any]:
    """Scores, counts, times and places of a complete run.

    `accuracy_low` and `accuracy_high` bound the accuracy on `n` test pictures with 95 %
    confidence (Wilson); `seconds` are those of this run, near 0 for a cached stage, and `work`
    counts what a stage that was not cached did anew, and what it recalled; `mlflow_waiting` says
    why the run could not be told of yet, and is empty when it was.
    """
    names = ("calibrate", "evaluate", "export", "report", "record")
    checkpoint, scores, model, reported, recorded = results_of(steps, *names)
    return {
        **scores.headline,
        "best_epoch": checkpoint.best_epoch,
        "per_class": {score.label: asdict(score) for score in scores.per_class},
        "stage_counts": stage_counts(steps),
        "work": stage_work(steps),
        "model_path": recorded.model_path,
        "model_digest": model.blob,
        "report_path": reported.path,
        "mlflow_tracking_uri": recorded.tracking_uri,
        "mlflow_experiment_id": recorded.experiment_id,
        "mlflow_run_id": recorded.run_id,
        "registered_version": recorded.version,
        "mlflow_waiting": recorded.waiting,
        # false: an earlier run gave all of this, and is the one that is named
        "recorded_anew": recorded.is_new,
        "seconds": stage_seconds(steps),
        "cached": [step.name for step in steps if step.cached],
    }
