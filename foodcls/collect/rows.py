"""Turns fetched candidates into manifest rows, and marks duplicates within a class."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import pyarrow as pa

from foodcls.collect.outcomes import Candidate, CandidateResult, Outcome, printable
from foodcls.columnar import TYPES, to_series
from foodcls.manifest import COLUMNS, DROPPED, GIVEN, KEPT, NUMBER, TEST_SOURCE, TEXT
from foodcls.redact import redact, without_logins

STAGE = "collect"
# columns that candidates and results have by the same names
AS_FOUND = ("label", "source", "query", "rank", "licence", "licence_by")
ADDRESSES = ("page", "licence_url", "author")
AS_FETCHED = ("id", "fetched_at", "attempts")


def repeated_urls(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates whose URL stands before them in the same class."""
    seen: set[tuple[str, str]] = set()
    repeated = []
    for candidate in candidates:
        place = (candidate.label, candidate.url)
        if place in seen:
            repeated.append(candidate)
        seen.add(place)
    return repeated


def results_manifest(results: Iterable[CandidateResult], labels: tuple[str, ...]) -> pd.DataFrame:
    """A row for each result: classes in the order of `labels`, within a class in the order given.

    Rows of an outside test set get the split "test". They and own photos are never dropped here as
    duplicates: what a test set holds is decided where it is evaluated.
    """
    places = {label: place for place, label in enumerate(labels)}
    ordered = sorted(results, key=lambda one: places.get(one.candidate.label, len(labels)))
    firsts: dict[str, dict[str, str]] = defaultdict(dict)
    twins = [
        "" if one.candidate.source in GIVEN else _twin(one, firsts[one.candidate.label])
        for one in ordered
    ]
    candidates = [one.candidate for one in ordered]
    fetched = [one.result for one in ordered]
    outcomes = [Outcome.SAME_CONTENT if twin and one.outcome is Outcome.OK else one.outcome
                for one, twin in zip(fetched, twins, strict=True)]  # fmt: skip
    is_kept = [one is Outcome.OK for one in outcomes]
    details = [one.detail and redact(printable(one.detail)) for one in fetched]
    columns = {
        "origin": [without_logins(one.url) for one in candidates],
        **{name: [getattr(one, name) for one in candidates] for name in AS_FOUND},
        **{name: [without_logins(getattr(one, name)) for one in candidates] for name in ADDRESSES},
        **{name: [getattr(one, name) for one in fetched] for name in AS_FETCHED},
        "bytes": [one.bytes if one.id else None for one in fetched],
        "outcome": [one.value for one in outcomes],
        "detail": details,
        "duplicate_of": twins,
        "split": [TEST_SOURCE if one.source == TEST_SOURCE else "" for one in candidates],
        "state": [KEPT if kept else DROPPED for kept in is_kept],
        "stage": ["" if kept else STAGE for kept in is_kept],
        "reason": ["" if kept else f"{outcome}: {detail}" if detail else str(outcome)
                   for outcome, detail, kept in zip(outcomes, details, is_kept, strict=True)],
    }  # fmt: skip
    return _join(columns, len(ordered))


def _join(columns: Mapping[str, Sequence[object]], count: int) -> pd.DataFrame:
    """A manifest of so many rows; a column that is left out is empty."""
    blanks = {TEXT: pa.scalar("", TYPES[TEXT]), NUMBER: pa.scalar(None, TYPES[NUMBER])}
    return pd.DataFrame({
        name: to_series(pa.chunked_array([
            pa.array(columns[name], TYPES[kind]) if name in columns
            else pa.repeat(blanks[kind], count)
        ]))
        for name, kind in COLUMNS.items()
    })  # fmt: skip


def _twin(one: CandidateResult, firsts: dict[str, str]) -> str:
    """The id of the earlier picture in the same class that this row repeats; else empty.

    `firsts` are of the class so far: the id by each address, and the first address by each id.
    """
    url, digest = one.candidate.url, one.result.id
    if one.result.outcome is Outcome.SAME_URL:
        return firsts.get(url, "")
    if not digest:
        return ""
    firsts[url] = digest
    # addresses and digests cannot be mistaken for each other
    return digest if firsts.setdefault(digest, url) != url else ""
