"""Says of which classes too few pictures came, what became of the others, and what to do."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import pandas as pd

from foodcls.collect.outcomes import LATER, REASONS, Outcome
from foodcls.collect.query_stats import QueryStats
from foodcls.errors import CollectError
from foodcls.manifest import GIVEN, kept_rows
from foodcls.recipe.data_settings import Collect

KEPT = "All that arrived is kept. "
AGAIN = "Run the same command again to try the passing failures anew. "
MORE = {
    "folder": "Put more pictures into the folders of these classes",
    "urls": "Add addresses for these classes to the list",
}
SEARCHED = "Add queries or engines for these classes"
# what a setting, a permission or another file mends at once
MENDABLE = {
    *(Outcome.UNREADABLE, Outcome.UNKNOWN_LABEL, Outcome.BLOCKED_ADDRESS, Outcome.NO_CONTACT),
    *(Outcome.NOT_AN_IMAGE, Outcome.TOO_LARGE),
}
NEEDS = "needs "  # how the reason of an engine begins that waits for a key or a library
# pictures of a class: engines that gave fewer were asked badly; a person's are what there is
ENGINES_FLOOR, SPLIT_FLOOR = 50, 3


def count_needed(settings: Collect) -> int:
    """How many pictures each class needs, by the recipe or by where they come from."""
    if settings.min_per_class == "auto":
        return ENGINES_FLOOR if settings.engines else SPLIT_FLOOR
    return settings.min_per_class


def check_min_per_class(
    manifest: pd.DataFrame, labels: tuple[str, ...], floor: int, stats: Iterable[QueryStats]
) -> None:
    """CollectError when a class has fewer than `floor` distinct pictures, with what went wrong."""
    learnt = manifest[~manifest["source"].isin(GIVEN)]
    counts = kept_rows(learnt).groupby("label")["id"].nunique()
    poor = [label for label in labels if counts.get(label, 0) < floor]
    if not poor:
        return
    lines = [_class_line(label, learnt, int(counts.get(label, 0)), floor) for label in poor]
    lines += _reason_lines(learnt[learnt["label"].isin(poor)])
    lines += _query_lines([one for one in stats if one.label in poor])
    lines += _strangers(learnt, labels)
    raise CollectError(
        f"{len(poor)} of {len(labels)} classes have fewer than {floor} pictures "
        "(collect.min_per_class):\n" + "\n".join([*lines, _advice(learnt, stats)])
    )


def _advice(manifest: pd.DataFrame, stats: Iterable[QueryStats]) -> str:
    sources = set(manifest["source"])
    more = next((words for source, words in MORE.items() if source in sources), SEARCHED)
    may_pass = manifest["outcome"].isin(list(LATER)).any() or any(one.is_passing for one in stats)
    kept = KEPT if may_pass and (manifest["id"] != "").any() else ""
    return f"{kept}{AGAIN if may_pass else ''}{more}, or lower collect.min_per_class."


def _class_line(label: str, manifest: pd.DataFrame, ok: int, floor: int) -> str:
    rows = manifest[manifest["label"] == label]
    failed = _tally(rows[rows["outcome"] != "ok"])
    return f"  {label}: {len(rows)} found, {ok} ok, {floor} needed" + (failed and f"; {failed}")


def _reason_lines(rows: pd.DataFrame) -> Iterator[str]:
    """What each kind of failure means, and what was said of the first; what can be mended first."""
    failed = rows[rows["outcome"] != "ok"]
    groups = failed.groupby("outcome", sort=False)
    for outcome, group in sorted(groups, key=lambda pair: str(pair[0]) not in MENDABLE):
        first = group.iloc[0]
        told = f" ({first['origin']}: {first['detail']})" if first["detail"] else ""
        yield f"  {outcome}: {REASONS[Outcome(str(outcome))]}{told}"


def _query_lines(stats: Sequence[QueryStats]) -> Iterator[str]:
    """A line for each query, or one for many to which the same happened; lacks come first."""
    ordered = sorted(stats, key=lambda one: (not one.reason.startswith(NEEDS), _reason(one)))
    for reason, group in groupby(ordered, _reason):
        ones = list(group)
        first, rest = ones[0], len(ones) - 1
        engines = ", ".join(dict.fromkeys(one.engine for one in ones))
        said = f"{first.query!r} ({first.label})" + (f" and {rest} more" if rest else "")
        found, pages = sum(one.found for one in ones), sum(one.pages for one in ones)
        yield f"  {engines}, {said}: {found} found on {pages} pages: {reason}"


def _reason(one: QueryStats) -> str:
    return one.reason or "as many as asked for"


def _strangers(manifest: pd.DataFrame, labels: tuple[str, ...]) -> list[str]:
    rows = manifest[~manifest["label"].isin(labels)]
    names = ", ".join(repr(name) for name in sorted(set(rows["label"]))[:5])
    return [f"  rows of no class: {len(rows)} ({names}); {_tally(rows)}"] if len(rows) else []


def _tally(rows: pd.DataFrame) -> str:
    counts = Counter(rows["outcome"])
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
