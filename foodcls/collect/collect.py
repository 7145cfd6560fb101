"""Turns a recipe's classes and sources into a manifest with a row for all that was tried."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from foodcls.blocklist import Blocklist
from foodcls.collect.engines.base import Access, Question
from foodcls.collect.engines.licences import short_name
from foodcls.collect.engines.registry import check_listed, check_questions
from foodcls.collect.fetch import FetchNew, fetch_all
from foodcls.collect.folders import read_folders
from foodcls.collect.limits import Limits, fetch_limits
from foodcls.collect.outcomes import LATER, Candidate, CandidateResult, Outcome
from foodcls.collect.over_workers import over_workers
from foodcls.collect.query_stats import QueryStats
from foodcls.collect.rate_limits import report_downloads
from foodcls.collect.rows import repeated_urls, results_manifest, source_counts
from foodcls.collect.search import refresh_since, search_all
from foodcls.collect.shortage import check_min_per_class, count_needed
from foodcls.collect.ssrf_guard import Address
from foodcls.collect.url_list import read_lists
from foodcls.errors import CollectError
from foodcls.manifest import OWN_SOURCE, TEST_SOURCE, ManifestRef, save_manifest
from foodcls.progress import Forecast, Track, silent
from foodcls.recipe.data_settings import Collect, FoodClass
from foodcls.store.local_store import BLOBS
from foodcls.store.store import Store
from foodcls.work.parallel import Fleet

LOG = logging.getLogger(__name__)

Candidates = Sequence[Candidate | CandidateResult]
Hosts = Mapping[str, Address]


@dataclass(frozen=True)
class CollectRequest:
    """What to collect: the classes, the sources, an outside test set's folder, and own photos'."""

    classes: tuple[FoodClass, ...]
    settings: Collect
    test_folder: Path | None = None
    own_folder: Path | None = None
    access: Access = Access()
    blocklist: Blocklist = Blocklist()
    places: Path | None = None  # where processes of this machine keep hosts' limits together
    search_again: bool = False  # ask engines even what they answered a short time ago
    # serves the sample web while its pictures are fetched
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
            Question(
                engine,
                item.name,
                query,
                item.per_query or chosen.per_query,
                chosen.licence or "",
                chosen.licences,
                chosen.research_grade and engine == "inaturalist",
            )
            for item in self.classes
            for engine in chosen.engines
            for query in item.queries
        )


@dataclass(frozen=True)
class Collected:
    """A manifest with a row for every URL and file, and the statistics of each query."""

    manifest: pd.DataFrame
    stats: tuple[QueryStats, ...]


@dataclass(frozen=True)
class CollectRef(ManifestRef):
    """Where the manifest of a `Collected` lies in the store, and the statistics of each query."""

    stats: tuple[QueryStats, ...]


def collect(
    request: CollectRequest,
    store: Store,
    track: Track = silent,
    on_stats: Callable[[Sequence[QueryStats]], None] = lambda stats: None,
    on_rows: Callable[[pd.DataFrame], None] = lambda manifest: None,
    fleet: Fleet | None = None,
) -> Collected:
    """Fetch all pictures of all classes into the store, by the workers of a fleet if there is one.

    `on_stats` is called when engines have answered, `on_rows` when it is known what became of each
    picture: also where too few of them arrived.

    TableError when the list of URLs is no such table, CollectError when an engine cannot be asked,
    forbids what a list names, or a class ends with fewer than `min_per_class` pictures. What
    arrived is remembered, also by a run that was killed.
    """
    mute = check_questions(request.questions, request.access)
    for name, why in mute.items():
        LOG.warning("the engine %s %s", name, why)
    if asked := [name for name in request.settings.engines if name not in mute]:
        LOG.info("engines that are asked: %s", ", ".join(asked))
    limits = fetch_limits(request.settings, request.access.contact, request.places)
    _remove_blocked(request.blocklist, store)
    listed: Candidates = read_lists(request.settings.urls, request.labels)
    check_listed((one.source for one in listed if isinstance(one, Candidate)), request.access)
    with (
        _sample_hosts(request, listed) as hosts,
        _since(request, limits, store) as since,
    ):
        request = replace(request, access=replace(request.access, since=since))
        limits = replace(limits, hosts=hosts, blocklist=request.blocklist)
        found, stats = _ask_engines(request, limits, store, track)
        on_stats(stats)
        wanted = [_allowed(item, request) for item in (*listed, *found)]
        # the sample web is on this machine
        far = over_workers(fleet, limits, store) if fleet and not hosts else None
        results = _fetch_candidates(wanted, limits, store, track, far)
        report_downloads(results, request.access, limits, store)
    at, labels = (limits, store, track), request.labels
    folders, table = request.settings.folder, request.settings.labels
    brought = read_folders(folders, "folder", labels, *at, table=table)
    tested = read_folders([request.test_folder], TEST_SOURCE, labels, *at)
    own = read_folders([request.own_folder], OWN_SOURCE, labels, *at)
    # a picture that shows twice counts as what a person has brought
    manifest = results_manifest([*brought, *results, *tested, *own], request.labels)
    for source in source_counts(manifest):
        LOG.info("%(source)s: %(found)d found, %(arrived)d arrived", source)
    on_rows(manifest)
    check_min_per_class(manifest, request.labels, count_needed(request.settings), stats)
    return Collected(manifest, stats)


def save_collected(found: Collected, store: Store) -> CollectRef:
    """Write the manifest into the store."""
    ref = save_manifest(found.manifest, store, "collect", LATER)
    passing = ref.passing + sum(one.is_passing for one in found.stats)
    return CollectRef(**vars(ref) | {"passing": passing}, stats=found.stats)


def _since(request: CollectRequest, limits: Limits, store: Store) -> AbstractContextManager[float]:
    """From when on engines' answers count, in seconds since 1970, while the run goes on."""
    if not (request.search_again and request.questions):
        return nullcontext(request.access.since)
    return refresh_since(request.questions, store, limits.clock())


def _ask_engines(
    request: CollectRequest, limits: Limits, store: Store, track: Track
) -> tuple[Candidates, tuple[QueryStats, ...]]:
    """The pictures that the engines found, in the order of the rows, and the statistics."""
    asked = request.questions
    if not asked:
        return (), ()
    forecast = Forecast()
    answers = search_all(asked, request.access, limits, store, forecast)
    found = {one.question: one for one in track(answers, len(asked), "search", forecast)}
    findings = [found[question] for question in asked]
    candidates = [candidate for one in findings for candidate in one.candidates]
    return candidates, tuple(one.stats for one in findings)


def _fetch_candidates(
    candidates: Candidates,
    limits: Limits,
    store: Store,
    track: Track,
    anew: FetchNew | None,
) -> list[CandidateResult]:
    """Fetch each distinct URL once; what already has a result keeps its place."""
    absent = [item for item in candidates if isinstance(item, Candidate)]
    repeated = set(map(id, repeated_urls(absent)))
    urls = list(dict.fromkeys(item.url for item in absent))
    forecast = Forecast()
    results = fetch_all(urls, limits, store, anew, forecast)
    fetched = {one.url: one for one in track(results, len(urls), "fetch", forecast)}
    return [
        item
        if isinstance(item, CandidateResult)
        else item.ended(Outcome.SAME_URL)
        if id(item) in repeated
        else CandidateResult(item, fetched[item.url])
        for item in candidates
    ]


def _allowed(
    item: Candidate | CandidateResult, request: CollectRequest
) -> Candidate | CandidateResult:
    """The candidate, or that it is barred, or not proven to have one of the licences wanted."""
    if isinstance(item, CandidateResult):
        return item
    if barred := request.blocklist.reason((item.url, item.page), item.author, item.licence):
        return item.ended(Outcome.FORGOTTEN, barred)
    wanted = request.settings.licences
    if not wanted:
        return item
    told = item.licence if item.licence_by == "source" else ""
    if short_name(told) in wanted:
        return item
    detail = f"{told} is none of {', '.join(wanted)}" if told else "its source tells no licence"
    return item.ended(Outcome.UNLICENSED, detail)


def _remove_blocked(blocklist: Blocklist, store: Store) -> None:
    """Remove blobs that a store has again, as one that was restored from a backup may."""
    if present := blocklist.ids - store.lacking(blocklist.ids):
        LOG.warning("%d pictures that were told to be forgotten are removed", len(present))
        store.remove(sorted(present), BLOBS)


def _sample_hosts(request: CollectRequest, candidates: Candidates) -> AbstractContextManager[Hosts]:
    """The address of the sample web's server, if a source needs it; else no hosts."""
    replayed = {item.source for item in candidates if isinstance(item, Candidate)}
    if "sample" not in {*request.settings.engines, *replayed}:
        return nullcontext({})
    if request.sample_web is None:
        raise CollectError("nobody serves the sample web; name other engines, or serve it")
    return request.sample_web()
