"""Shows a run in Prefect's UI: tables as Markdown artifacts."""

import functools
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, ParamSpec

import httpx
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from foodcls.collect.search import EngineYield
from foodcls.curate.distances import Distances
from foodcls.learn.ablation import Ablation
from foodcls.steps import Step, stage_table

log = logging.getLogger("foodcls.stages")
Inputs = ParamSpec("Inputs")


def dispensable(show: Callable[Inputs, None]) -> Callable[Inputs, None]:
    """Let a run go on where its server cannot be shown something."""

    @functools.wraps(show)
    def attempt(*args: Inputs.args, **kwargs: Inputs.kwargs) -> None:
        try:
            with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
                show(*args, **kwargs)
        except httpx.HTTPError as error:
            log.warning("Prefect's server does not answer (%s); its UI lacks a table", error)

    return attempt


@dispensable
def show_stages(name: str, steps: Sequence[Step[Any]]) -> None:
    """Put the stage table of a run where the UI lists its artifacts."""
    key = artifact_key(f"stages-{name}")
    create_markdown_artifact(key=key, markdown=stage_table(steps), description=f"Stages of {name}")


@dispensable
def show_ablation(name: str, ablation: Ablation) -> None:
    """Put the table of an ablation beside the run."""
    create_table_artifact(
        key=artifact_key(f"ablation-{name}"),
        table=[asdict(row) for row in ablation.rows],
        description=f"Judged by {ablation.judged_by}.",
    )


@dispensable
def show_yields(yields: Sequence[EngineYield]) -> None:
    """Put a table of what each engine gave for each query beside the run."""
    if yields:
        rows = [asdict(gain) for gain in yields]
        create_table_artifact(key="engine-yields", table=rows, description="Results by query")


@dispensable
def show_pairs(distances: Distances) -> None:
    """Put how far apart the hashes of pairs are beside the run."""
    create_table_artifact(
        key="pairs-by-distance",
        # a table without rows is refused
        table=distances.rows() or [{"distance": 0, "confirmed": 0, "vetoed": 0}],
        description=f"Pairs by bits that differ: the same, or vetoed by their thumbnails. The "
        f"recipe's distance is {distances.distance}.",
    )


def artifact_key(text: str) -> str:
    """A text as the key of an artifact: lower-case letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
