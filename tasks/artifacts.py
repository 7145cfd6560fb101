"""Shows a run in Prefect's UI: tables as Markdown artifacts."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from foodcls.collect.search import EngineYield
from foodcls.curate.distances import Distances
from foodcls.judge.promotion import NAMES, Verdict
from foodcls.learn.ablation import Ablation
from foodcls.steps import Step, stage_table


def show_stages(name: str, steps: Sequence[Step[Any]]) -> None:
    """Put the stage table of a run where the UI lists its artifacts."""
    key = artifact_key(f"stages-{name}")
    create_markdown_artifact(key=key, markdown=stage_table(steps), description=f"Stages of {name}")


def show_ablation(name: str, ablation: Ablation) -> None:
    """Put the table of an ablation beside the run."""
    create_table_artifact(
        key=artifact_key(f"ablation-{name}"),
        table=[asdict(row) for row in ablation.rows],
        description=f"Judged by {ablation.judged_by}.",
    )


def show_verdict(name: str, verdict: Verdict) -> None:
    """Put why a version became the champion, or did not, beside the run."""
    create_markdown_artifact(
        key=artifact_key(f"verdict-{name}"),
        markdown=verdict_text(verdict),
        description=f"Which model of {name} serves",
    )


def verdict_text(verdict: Verdict) -> str:
    """The verdict as Markdown: the reason, and the figures that it goes by."""
    head = (
        "Promoted" if verdict.is_promoted else "Not promoted" if verdict.is_new else "Nothing new"
    )
    lines = [f"**{head}**: {verdict.reason}"]
    if found := verdict.comparison:
        lines += [
            "",
            "| | champion | challenger | difference | 95 % | p |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for key, words in NAMES.items():
            own, other, change = (
                getattr(side, key) for side in (found.test.a, found.test.b, found.test)
            )
            lines.append(
                f"| {words} | {own.value:.4f} | {other.value:.4f} | {change.value:+.4f} | "
                f"{change.low:+.4f} to {change.high:+.4f} | {getattr(found.better, key):.3f} |"
            )
        test = found.test
        lines += [
            "",
            f"{test.n} test pictures in {test.groups} groups of look-alikes that neither model "
            f"learnt from: {test.both} right by both, {test.only_a} by the champion alone, "
            f"{test.only_b} by the challenger alone, {test.neither} by neither.",
        ]
    return "\n".join(lines)


def show_yields(yields: Sequence[EngineYield]) -> None:
    """Put a table of what each engine gave for each query beside the run."""
    if yields:
        rows = [asdict(gain) for gain in yields]
        create_table_artifact(key="engine-yields", table=rows, description="Results by query")


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
