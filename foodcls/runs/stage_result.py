"""What is told of the stages of a run: lines, a table, and the summary for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from foodcls.manifest import ManifestRef
from foodcls.progress import Work

Result = TypeVar("Result", covariant=True)

# what the stages have made sure of that give nothing to count
CHECKED = {
    "check": "it can be trained, exported",
    "check tables": "filter, boxes and the like",
    "check groups": "groups of test pictures",
}


@dataclass(frozen=True)
class StageResult(Generic[Result]):
    """A finished stage: what it gave, how long it took (seconds), and whether it was cached.

    One that was not may still have recalled much of its work: `work` counts that by kind.
    """

    name: str
    result: Result
    seconds: float
    cached: bool
    work: tuple[Work, ...] = ()


def is_worth_telling(step: StageResult[Any]) -> bool:
    """Whether a line tells something: not of a look at tables that was over at once."""
    is_small = step.name in ("check tables", "check groups")
    return not is_small or (step.seconds >= 1 and not step.cached)


def describe(step: StageResult[Any]) -> str:
    """One line about a step: `crop  612 kept, 88 dropped  1.2 s, crop: 1 of 524 new`."""
    counts = CHECKED.get(step.name, "")
    if isinstance(step.result, ManifestRef):
        counts = f"{step.result.kept} kept, {step.result.dropped} dropped"
        if step.result.stage == "filter" and step.result.relabeled:
            counts += f", {step.result.relabeled} relabeled"
    done = ["cached"] if step.cached else [f"{step.seconds:.1f} s", *_shares(step)]
    return f"{step.name:<12} {counts:<28} {', '.join(done)}"


def stage_table(steps: Sequence[StageResult[Any]]) -> str:
    """The stages as a Markdown table."""
    lines = [
        "| stage | kept | dropped so far | seconds | done anew |",
        "|---|---:|---:|---:|---|",
    ]
    for step in steps:
        ref = step.result if isinstance(step.result, ManifestRef) else None
        counts = f"{ref.kept} | {ref.dropped}" if ref else " | "
        anew = "nothing, cached" if step.cached else ", ".join(_shares(step)) or "all"
        lines.append(f"| {step.name} | {counts} | {step.seconds:.1f} | {anew} |")
    return "\n".join(lines)


def stage_counts(steps: Sequence[StageResult[Any]]) -> dict[str, dict[str, int]]:
    """Kept and dropped rows after each stage that gives a manifest."""
    return {
        step.name: {"kept": step.result.kept, "dropped": step.result.dropped}
        for step in steps
        if isinstance(step.result, ManifestRef)
    }


def stage_work(steps: Sequence[StageResult[Any]]) -> dict[str, dict[str, dict[str, int]]]:
    """Items done anew and recalled, by stage and kind: {"crop": {"crop": {"anew": 1, …}}}."""
    return {
        step.name: {item.kind: {"anew": item.anew, "recalled": item.recalled} for item in step.work}
        for step in steps
        if step.work
    }


def stage_seconds(steps: Sequence[StageResult[Any]]) -> dict[str, float]:
    """Seconds that each stage took in this run."""
    return {step.name: round(step.seconds, 3) for step in steps}


def _shares(step: StageResult[Any]) -> list[str]:
    """How much of a stage's work was new, where some of it was recalled."""
    return [
        f"{item.kind}: {item.anew} of {item.anew + item.recalled} new"
        if item.anew
        else f"{item.kind}: {item.recalled} remembered"
        for item in step.work
        if item.recalled
    ]
