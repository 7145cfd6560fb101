"""What a run gave, stage by stage, and the one JSON value of it that programs read."""

from dataclasses import asdict, dataclass
from typing import Any

from foodcls.collect.collect import CollectRef
from foodcls.dedup.dedup import DedupRef
from foodcls.evaluate.advice import advise
from foodcls.export.exported_files import ExportedRef
from foodcls.manifest import ManifestRef
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.own_worth import OwnWorth
from foodcls.promote.rule import PromotionDecision
from foodcls.runs.stage_result import StageResult, stage_counts, stage_seconds, stage_work
from foodcls.train.checkpoint import Checkpoint


@dataclass(frozen=True)
class Prepared:
    """The pictures after each stage of the data half."""

    found: StageResult[CollectRef]
    sound: StageResult[ManifestRef]
    distinct: StageResult[DedupRef]
    chosen: StageResult[ManifestRef]
    cropped: StageResult[ManifestRef]
    parted: StageResult[ManifestRef]
    grown: StageResult[ManifestRef]

    @property
    def steps(self) -> tuple[StageResult[ManifestRef], ...]:
        """The stages, in the order in which they ran."""
        return tuple(vars(self).values())


@dataclass(frozen=True)
class Trained:
    """A model, its scores on the test pictures, and the pictures behind both."""

    prepared: Prepared
    learnt: StageResult[Checkpoint]
    checkpoint: StageResult[Checkpoint]  # the same, calibrated
    scores: StageResult[Evaluation]
    own: StageResult[OwnWorth | None] | None  # None: the recipe names no own photos
    model: StageResult[ExportedRef]

    @property
    def own_worth(self) -> OwnWorth | None:
        """What own photos showed; None where there are none."""
        return self.own.result if self.own else None

    @property
    def own_figures(self) -> dict[str, float]:
        """The figures of what own photos showed; none where there are no own photos."""
        return self.own_worth.headline if self.own_worth else {}

    @property
    def pictures(self) -> ManifestRef:
        """The manifest that the model was trained and evaluated on."""
        return self.prepared.grown.result

    @property
    def steps(self) -> tuple[StageResult[Any], ...]:
        """The stages, in the order in which they ran."""
        own = (self.own,) if self.own else ()
        return (*self.prepared.steps, self.learnt, self.checkpoint, self.scores, *own, self.model)


@dataclass(frozen=True)
class Reported:
    """Where the report lies, and all files that were written, by their paths."""

    path: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Recorded:
    """Where a run stands in MLflow, or why it waits in the workspace to be sent."""

    tracking_uri: str
    experiment_id: str
    run_id: str
    version: str = ""  # of the registered model named like the recipe; an ablation has none
    model_path: str = ""
    is_new: bool = True  # False: an earlier run gave all of this, and is the one that is named
    waiting: str = ""

    @property
    def page(self) -> str:
        """The run's page on a server, among runs of training; empty where there is no server."""
        place = f"experiments/{self.experiment_id}/runs/{self.run_id}"
        # MLflow's pages else begin among those of language models
        page = f"{self.tracking_uri.rstrip('/')}/#/{place}?workflowType=machine_learning"
        return page if page.startswith("http") else ""


@dataclass(frozen=True)
class RunResult:
    """All that a complete run gave."""

    trained: Trained
    reported: StageResult[Reported]
    recorded: StageResult[Recorded]
    flow_run: str = ""  # its id in Prefect; empty where all was recalled, and no flow ran

    @property
    def steps(self) -> tuple[StageResult[Any], ...]:
        """The stages, in the order in which they ran."""
        return (*self.trained.steps, self.reported, self.recorded)


@dataclass(frozen=True)
class Retrained:
    """A complete run, and whether its model serves now."""

    run: RunResult
    verdict: StageResult[PromotionDecision]


def summarize(run: RunResult) -> dict[str, Any]:
    """Scores, counts, times and places of a complete run.

    `accuracy_low` and `accuracy_high` bound the accuracy on `n` test pictures with 95 %
    confidence (Wilson); `seconds` are those of this run, near 0 for a cached stage, and `work`
    counts what a stage that was not cached did anew, and what it recalled; `mlflow_waiting` says
    why the run could not be told of yet, and is empty when it was.
    """
    scores, recorded = run.trained.scores.result, run.recorded.result
    return {
        **scores.headline,
        **run.trained.own_figures,
        "best_epoch": run.trained.checkpoint.result.best_epoch,
        "advice": advise(run.trained.checkpoint.result, scores),
        "weights_license": run.trained.checkpoint.result.license,
        "per_class": {score.label: asdict(score) for score in scores.per_class},
        "stage_counts": stage_counts(run.steps),
        "work": stage_work(run.steps),
        "model_path": recorded.model_path,
        "model_digest": run.trained.model.result.blob,
        "report_path": run.reported.result.path,
        "mlflow_tracking_uri": recorded.tracking_uri,
        "mlflow_page": recorded.page,
        "mlflow_run_id": recorded.run_id,
        "registered_version": recorded.version,
        "prefect_flow_run_id": run.flow_run,
        "mlflow_waiting": recorded.waiting,
        # false: an earlier run gave all of this, and is the one that is named
        "recorded_anew": recorded.is_new,
        "seconds": stage_seconds(run.steps),
        "cached": [step.name for step in run.steps if step.cached],
    }
