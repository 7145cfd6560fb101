"""Turns a manifest with too few pictures of a class into an error that says what happened."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from foodcls.collect.search import EngineYield
from foodcls.errors import CollectError
from foodcls.manifest import TEST, kept_rows

ADVICE = (
    "All that arrived is kept: run the same command again to try the passing failures anew. "
    "Or add queries, engines or URLs for these classes, or lower collect.min_per_class."
)


def check_floor(
    manifest: pd.DataFrame, labels: tuple[str, ...], floor: int, gains: Iterable[EngineYield]
) -> None:
    """CollectError when a class has fewer than `floor` distinct pictures to learn from."""
    learnt = manifest[manifest["source"] != TEST]
    counts = kept_rows(learnt).groupby("label")["id"].nunique()
    poor = [label for label in labels if counts.get(label, 0) < floor]
    if not poor:
        return
    lines = [_class_line(label, learnt, int(counts.get(label, 0)), floor) for label in poor]
    lines += [_gain_line(gain) for gain in gains if gain.label in poor]
    lines += _strangers(learnt, labels)
    raise CollectError(
        f"{len(poor)} of {len(labels)} classes have fewer than {floor} pictures "
        "(collect.min_per_class):\n" + "\n".join(lines) + f"\n{ADVICE}"
    )


def _class_line(label: str, manifest: pd.DataFrame, ok: int, floor: int) -> str:
    rows = manifest[manifest["label"] == label]
    failed = _tally(rows[rows["outcome"] != "ok"]) or "nothing failed"
    return f"  {label}: {len(rows)} found, {ok} ok, {floor} needed; {failed}"


def _gain_line(gain: EngineYield) -> str:
    reason = gain.reason or "as many as asked for"
    return (
        f"  {gain.engine}, {gain.query!r} ({gain.label}): {gain.found} found on "
        f"{gain.pages} pages: {reason}"
    )


def _strangers(manifest: pd.DataFrame, labels: tuple[str, ...]) -> list[str]:
    rows = manifest[~manifest["label"].isin(labels)]
    names = ", ".join(repr(name) for name in sorted(set(rows["label"]))[:5])
    return [f"  rows of no class: {len(rows)} ({names}); {_tally(rows)}"] if len(rows) else []


def _tally(rows: pd.DataFrame) -> str:
    counts = Counter(rows["outcome"])
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
