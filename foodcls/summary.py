"""Turns the steps of a run into the one JSON value that programs read."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from foodcls.steps import Step, results_of, stage_counts, stage_seconds


def summarize(steps: Sequence[Step[Any]]) -> dict[str, Any]:
    """Scores, counts, times and places of a complete run.

    `accuracy_low` and `accuracy_high` bound the accuracy on `n` test pictures with 95 %
    confidence (Wilson); `seconds` are those of this run, near 0 for a cached stage.
    """
    names = ("calibrate", "evaluate", "export", "record")
    checkpoint, scores, model, recorded = results_of(steps, *names)
    return {
        **scores.headline,
        "best_epoch": checkpoint.best_epoch,
        "per_class": {score.label: asdict(score) for score in scores.per_class},
        "stage_counts": stage_counts(steps),
        "model_path": recorded.model_path,
        "model_digest": model.blob,
        "mlflow_tracking_uri": recorded.tracking_uri,
        "mlflow_experiment_id": recorded.experiment_id,
        "mlflow_run_id": recorded.run_id,
        "registered_version": recorded.version,
        "seconds": stage_seconds(steps),
        "cached": [step.name for step in steps if step.cached],
    }
