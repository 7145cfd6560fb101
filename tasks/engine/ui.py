"""Shows a run in Prefect's UI: its name, and tables as Markdown artifacts."""

import functools
import logging
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ParamSpec

import httpx
import pandas as pd
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.runtime import flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from foodcls.collect.rows import source_counts
from foodcls.manifest import DROPPED, class_counts
from foodcls.metrics.evaluation import Evaluation
from foodcls.promote.rule import PromotionDecision
from foodcls.recipe.recipe import Recipe, RecipeSource
from foodcls.report.ablation_table import Ablation
from foodcls.runs.stage_result import StageResult, stage_table
from tasks.engine.recall import RECALLING

log = logging.getLogger("foodcls.stages")
Inputs = ParamSpec("Inputs")


def best_effort(show: Callable[Inputs, None]) -> Callable[Inputs, None]:
    """Let a run go on where the server that shows its tables does not answer."""

    @functools.wraps(show)
    def attempt(*args: Inputs.args, **kwargs: Inputs.kwargs) -> None:
        if RECALLING.get():
            return
        try:
            with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
                show(*args, **kwargs)
        except httpx.HTTPError as error:
            log.warning("Prefect's server does not answer (%s); its UI lacks a table", error)

    return attempt


@best_effort
def show_stages(name: str, steps: Sequence[StageResult[Any]]) -> None:
    """Put the stage table of a run where the UI lists its artifacts."""
    key = artifact_key(f"stages-{name}")
    create_markdown_artifact(key=key, markdown=stage_table(steps), description=f"Stages of {name}")


@best_effort
def show_pictures(name: str, manifest: pd.DataFrame) -> None:
    """Put how many pictures each class has in each split, and why others went, beside the run."""
    counts = class_counts(manifest)
    rows = [
        {"class": label, **splits, "all": sum(splits.values())} for label, splits in counts.items()
    ]
    _show_table(f"classes-{name}", rows, f"Kept pictures of {name} by class and split")
    _show_table(f"sources-{name}", source_counts(manifest), f"What each source gave for {name}")
    _show_table(f"dropped-{name}", _reasons(manifest), f"Why pictures of {name} were dropped")


@best_effort
def show_scores(name: str, scores: Evaluation) -> None:
    """Put the figures on the test pictures, and those of each class, beside the run."""
    rows = [
        {"figure": field.name.replace("_", " "), **asdict(getattr(scores.scores, field.name))}
        for field in fields(scores.scores)
    ]
    judged = f"{scores.n} test pictures in {scores.groups} groups of look-alikes, 95 % intervals"
    _show_table(f"metrics-{name}", rows, f"{name}: {judged}")
    names = ("label", "n", "recall", "precision", "f1", "average_position")
    by_class = [{key: getattr(score, key) for key in names} for score in scores.per_class]
    _show_table(f"metrics-by-class-{name}", by_class, f"{name}, by class: {judged}")


@best_effort
def show_ablation(name: str, ablation: Ablation) -> None:
    """Put the table of an ablation beside the run."""
    create_table_artifact(
        key=artifact_key(f"ablation-{name}"),
        table=[asdict(row) for row in ablation.rows],
        description=f"Judged by {ablation.judged_by}.",
    )


@best_effort
def show_verdict(name: str, verdict: PromotionDecision) -> None:
    """Put why a version became the champion, or did not, beside the run."""
    head = (
        "Promoted" if verdict.is_promoted else "Not promoted" if verdict.is_new else "Nothing new"
    )
    create_markdown_artifact(
        key=artifact_key(f"verdict-{name}"),
        markdown=f"**{head}**: {verdict.reason}",
        description=f"Which model of {name} serves",
    )


def artifact_key(text: str) -> str:
    """A text as the key of an artifact: lower-case letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _show_table(name: str, rows: Sequence[Mapping[Any, Any]], description: str) -> None:
    # a table without rows is refused
    if rows:
        table = [{key: _rounded(value) for key, value in row.items()} for row in rows]
        create_table_artifact(key=artifact_key(name), table=table, description=description)


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def _reasons(manifest: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """How many rows each stage dropped for each reason, the most frequent first."""
    dropped = manifest[manifest["state"] == DROPPED]
    # a kind is a reason without the names and numbers in it
    kinds = dropped["reason"].str.split(r"[,:(]", regex=True).str[0].str.strip()
    counts = dropped.groupby(["stage", kinds]).size().sort_values(ascending=False, kind="stable")
    return [dict(row) for row in counts.reset_index(name="pictures").to_dict("records")]


LENGTH = 60  # characters; a longer name hides the columns beside it


def title() -> str:
    """The recipe file's name and what was overridden, e.g. `foods13 train.epochs=4`."""
    given = flow_run.parameters
    recipe, changes = given["recipe"], given.get("overrides") or {}
    source = (
        recipe.source if isinstance(recipe, Recipe) else RecipeSource(Path(recipe), b"", changes)
    )
    words = [f"{key}={value}" for key, value in sorted(source.overrides.items())]
    text = " ".join([source.path.stem, *words])
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"
