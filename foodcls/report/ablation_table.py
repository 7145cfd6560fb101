"""Compares models that were trained on different data sets and tested on the same pictures."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import pandas as pd

from foodcls.errors import StageError
from foodcls.manifest import ManifestRef, split_rows
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.paired_test import PairedTest, compare_predictions
from foodcls.metrics.predictions import read_predictions
from foodcls.metrics.ranks import number_groups
from foodcls.runs.run_result import Prepared, Recorded
from foodcls.runs.stage_result import StageResult, stage_counts, stage_seconds
from foodcls.store.store import Store
from foodcls.tables.spreadsheet import table_csv
from foodcls.train.checkpoint import Checkpoint


@dataclass(frozen=True)
class Trial:
    """A data set by its name, and the model that was trained on it."""

    name: str
    pictures: StageResult[ManifestRef]
    checkpoint: StageResult[Checkpoint]
    scores: StageResult[Evaluation]

    @property
    def steps(self) -> tuple[StageResult[Any], ...]:
        """The stages of this data set, which stands in their names."""
        return tuple(
            replace(step, name=f"{step.name} {self.name}")
            for step in (self.checkpoint, self.scores)
        )


@dataclass(frozen=True)
class AblationRow:
    """A row of the table; what compares it with the row above is None in the first."""

    dataset: str
    trained_on: int  # pictures, copies counted
    accuracy: float
    accuracy_low: float  # Wilson, 95 %
    accuracy_high: float
    n: int  # test pictures
    average_position: float  # macro
    average_position_low: float  # bootstrap of groups, 95 %
    average_position_high: float
    best_epoch: int
    gained: int | None = None  # test pictures right here and wrong in the row above
    lost: int | None = None  # the other way round
    p_value: float | None = None  # McNemar's exact test, two-sided
    gain: float | None = None  # accuracy less that of the row above
    gain_low: float | None = None  # of groups of look-alikes, 95 %
    gain_high: float | None = None
    is_same_set: bool = False  # trained on the same pictures as the row above


@dataclass(frozen=True)
class Ablation:
    """The whole table, and the test pictures of all its rows."""

    rows: tuple[AblationRow, ...]
    tests: int  # test pictures
    tests_cut: int  # of them, those that are cut to a box

    @property
    def judged_by(self) -> str:
        """The test pictures, in words."""
        return (
            f"{self.tests} test pictures, the same for every row, {self.tests_cut} of them cut to "
            "a box; none of their clusters is learnt from"
        )


@dataclass(frozen=True)
class AblationResult:
    """The results of all stages of an ablation."""

    prepared: Prepared
    raw: StageResult[ManifestRef]
    filtered: StageResult[ManifestRef]
    trials: tuple[Trial, ...]
    table: StageResult[Ablation]
    recorded: StageResult[Recorded]

    @property
    def steps(self) -> tuple[StageResult[Any], ...]:
        """The stages, in the order in which they ran."""
        trials = (step for trial in self.trials for step in trial.steps)
        pictures = (*self.prepared.steps, self.raw, self.filtered)
        return (*pictures, *trials, self.table, self.recorded)


def compare_trials(trials: Sequence[Trial], manifest: pd.DataFrame, store: Store) -> Ablation:
    """The table of these trials; StageError unless all were tested on the manifest's test rows."""
    tests = split_rows(manifest, "test")
    blobs = [store.read(trial.scores.result.predictions) for trial in trials]
    answers = [read_predictions(blob.decode()) for blob in blobs]
    for trial, given in zip(trials, answers, strict=True):
        if given.ids != tuple(tests["id"]):
            raise StageError(
                f"{trial.name!r} was judged by other test pictures; delete cache/results in the "
                "workspace and run again"
            )
    groups = number_groups(answers[0].groups)
    rows = [_row(trials[0])]
    for (above, below), (before, after) in zip(pairwise(trials), pairwise(answers), strict=True):
        shares = before.probabilities, after.probabilities
        rows.append(_row(below, above, compare_predictions(*shares, before.truth, groups)))
    return Ablation(tuple(rows), len(tests), int((tests["box"] != "").sum()))


def summarize_ablation(ablation: AblationResult) -> dict[str, Any]:
    """A complete ablation as the one JSON value that programs read."""
    table, recorded = ablation.table.result, ablation.recorded.result
    return {
        # as it is read back: with lists where there are tuples
        **json.loads(ablation_json(table)),
        "judged_by": table.judged_by,
        "mlflow_tracking_uri": recorded.tracking_uri,
        "mlflow_run_id": recorded.run_id,
        "mlflow_waiting": recorded.waiting,
        "stage_counts": stage_counts(ablation.steps),
        "seconds": stage_seconds(ablation.steps),
        "cached": [step.name for step in ablation.steps if step.cached],
    }


def ablation_json(ablation: Ablation) -> str:
    """The table for programs."""
    return json.dumps(asdict(ablation), indent=2) + "\n"


def ablation_csv(ablation: Ablation) -> str:
    """The table for spreadsheets."""
    rows = [asdict(row) for row in ablation.rows]
    # as objects: a missing count would turn the others into floats
    return table_csv(pd.DataFrame(rows, dtype=object))


def ablation_table(ablation: Ablation) -> str:
    """The table as Markdown."""
    lines = ["| dataset | accuracy (95 %) | average position (95 %) | n |", "|---|---|---|---:|"]
    lines += [
        f"| {row.dataset} | {row.accuracy:.3f} ({row.accuracy_low:.3f} to "
        f"{row.accuracy_high:.3f}) | {row.average_position:.2f} ({row.average_position_low:.2f} "
        f"to {row.average_position_high:.2f}) | {row.n} |"
        for row in ablation.rows
    ]
    return "\n".join([*lines, "", f"Judged by {ablation.judged_by}."])


def _row(trial: Trial, above: Trial | None = None, test: PairedTest | None = None) -> AblationRow:
    checkpoint, scores = trial.checkpoint.result, trial.scores.result
    accuracy, position = scores.scores.accuracy, scores.scores.average_position
    row = AblationRow(
        dataset=trial.name,
        trained_on=checkpoint.train_count,
        accuracy=accuracy.value,
        accuracy_low=accuracy.low,
        accuracy_high=accuracy.high,
        n=scores.n,
        average_position=position.value,
        average_position_low=position.low,
        average_position_high=position.high,
        best_epoch=checkpoint.best_epoch,
    )
    if above is None or test is None:
        return row
    same = above.checkpoint.result.data_digest == checkpoint.data_digest
    return replace(
        row,
        gained=test.only_b,
        lost=test.only_a,
        p_value=test.p_value,
        gain=test.accuracy.value,
        gain_low=test.accuracy.low,
        gain_high=test.accuracy.high,
        is_same_set=same,
    )
