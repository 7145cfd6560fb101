"""Turns a recipe's classes and sources into a manifest with a row for all that was tried."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from foodcls.collect.engines.base import Access, Question
from foodcls.collect.engines.registry import check_questions
from foodcls.collect.fetch import fetch_all
from foodcls.collect.folders import list_files, read_files
from foodcls.collect.limits import Limits, limits_of
from foodcls.collect.outcomes import Arrival, Candidate, FetchResult, Outcome
from foodcls.collect.query_stats import EngineYield
from foodcls.collect.rows import arrivals_manifest, repeated_urls
from foodcls.collect.search import refresh_since, search_all
from foodcls.collect.ssrf_guard import Address
from foodcls.collect.url_list import read_urls
from foodcls.errors import CollectError
from foodcls.manifest import TEST, ManifestRef, kept_rows, save_manifest
from foodcls.progress import Track, silent
from foodcls.recipe.data_settings import Collect, FoodClass
from foodcls.store.store import Store

LOG = logging.getLogger(__name__)

Candidates = Sequence[Candidate | Arrival]
Hosts = Mapping[str, Address]

ADVICE = (
    "All that arrived is kept: run the same command again to try the passing failures anew. "
    "Or add queries, engines or URLs for these classes, or lower collect.min_per_class."
)


@dataclass(frozen=True)
class Order:
    """What is to be collected: classes, where from, and a test set from outside."""

    classes: tuple[FoodClass, ...]
    settings: Collect
    test_folder: Path | None = None
    access: Access = Access()
    search_again: bool = False  # ask engines even what they answered a short time ago
    # serves the sample web as long as it is asked, or replayed
    sample_web: Callable[[], AbstractContextManager[Hosts]] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names in output order."""
        return tuple(item.name for item in self.classes)

    @property
    def questions(self) -> tuple[Question, ...]:
        """What engines are asked: by class, then engine, then query."""
        chosen = self.settings
        return tuple(
            Question(engine, item.name, query, chosen.per_query, chosen.licence or "")
            for item in self.classes
            for engine in chosen.engines
            for query in item.queries
        )


@dataclass(frozen=True)
class Collected:
    """A row for every URL and file, and what each engine gave for each query."""

    manifest: pd.DataFrame
    yields: tuple[EngineYield, ...]


@dataclass(frozen=True)
class CollectRef(ManifestRef):
    """The written manifest of a `Collected`, with its yields."""

    yields: tuple[EngineYield, ...]


def collect(
    order: Order,
    store: Store,
    track: Track = silent,
    on_yields: Callable[[Sequence[EngineYield]], None] = lambda yields: None,
) -> Collected:
    """Fetch all pictures of all classes into the store; `on_yields` hears what engines found.

    TableError when the list of URLs is no such table, CollectError when an engine cannot be asked
    or a class stays below its floor. What arrived is remembered, also by a run that was killed.
    """
    check_questions(order.questions, order.access)
    limits = limits_of(order.settings)
    urls = order.settings.urls
    candidates: Candidates = read_urls(urls, order.labels) if urls is not None else ()
    gains: tuple[EngineYield, ...] = ()
    with (
        _sample_hosts(order, candidates) as hosts,
        _since(order, limits, store) as since,
    ):
        if urls is None:
            order = replace(order, access=replace(order.access, since=since))
            candidates, gains = _ask_engines(order, limits, store, hosts, track)
        on_yields(gains)
        arrivals = _fetch_candidates(candidates, limits, store, hosts, track)
    arrivals += _read_folders(order, limits, store, track)
    manifest = arrivals_manifest(arrivals, order.labels)
    LOG.info("collected %d of %d", (manifest["outcome"] == "ok").sum(), len(manifest))
    check_min_per_class(manifest, order.labels, order.settings.min_per_class, gains)
    return Collected(manifest, gains)


def save_collected(found: Collected, store: Store) -> CollectRef:
    """Write the manifest into the store."""
    return CollectRef(**vars(save_manifest(found.manifest, store, "collect")), yields=found.yields)


def check_min_per_class(
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


def _since(order: Order, limits: Limits, store: Store) -> AbstractContextManager[float]:
    """From when on engines' answers count, for an order whose pictures are about to be fetched."""
    if not (order.search_again and order.questions):
        return nullcontext(order.access.since)
    return refresh_since(order.questions, store, limits.clock())


def _ask_engines(
    order: Order, limits: Limits, store: Store, hosts: Hosts, track: Track
) -> tuple[Candidates, tuple[EngineYield, ...]]:
    """What the engines found, in the order of its rows, and what each gave."""
    asked = order.questions
    answers = search_all(asked, order.access, limits, store, hosts)
    found = {one.question: one for one in track(answers, len(asked), "search")}
    findings = [found[question] for question in asked]
    candidates = [candidate for one in findings for candidate in one.candidates]
    return candidates, tuple(one.gain for one in findings)


def _fetch_candidates(
    candidates: Candidates, limits: Limits, store: Store, hosts: Hosts, track: Track
) -> list[Arrival]:
    """Fetch what has not arrived yet; what has stays in its place."""
    absent = [item for item in candidates if isinstance(item, Candidate)]
    repeated = set(map(id, repeated_urls(absent)))
    urls = list(dict.fromkeys(item.url for item in absent))
    results = fetch_all(urls, limits, store, hosts)
    fetched = {one.url: one for one in track(results, len(urls), "fetch")}
    return [
        item
        if isinstance(item, Arrival)
        else Arrival(item, FetchResult(item.url, Outcome.SAME_URL))
        if id(item) in repeated
        else Arrival(item, fetched[item.url])
        for item in candidates
    ]


def _read_folders(order: Order, limits: Limits, store: Store, track: Track) -> list[Arrival]:
    """Read the folder of pictures, and that of the outside test set."""
    named = (("folder", order.settings.folder), (TEST, order.test_folder))
    files = [
        item
        for source, root in named
        if root is not None
        for item in list_files(root, order.labels, source)
    ]
    return list(track(read_files(files, limits, store), len(files), "read files"))


def _sample_hosts(order: Order, candidates: Candidates) -> AbstractContextManager[Hosts]:
    """The hosts of the sample web while it is needed; otherwise no hosts of our own."""
    replayed = {item.source for item in candidates if isinstance(item, Candidate)}
    if "sample" not in {*order.settings.engines, *replayed}:
        return nullcontext({})
    if order.sample_web is None:
        raise CollectError("nobody serves the sample web; name other engines, or serve it")
    return order.sample_web()


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
