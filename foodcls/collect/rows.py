"""Turns fetched candidates into manifest rows, and marks duplicates within a class."""

from collections.abc import Iterable

import pandas as pd

from foodcls.collect.outcomes import Candidate, CandidateResult, Outcome, printable
from foodcls.manifest import DROPPED, GIVEN, KEPT, TEST_SOURCE, new_manifest
from foodcls.redact import redact, without_logins

STAGE = "collect"


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
    firsts: dict[tuple[str, str], str] = {}
    return new_manifest(_row(one, firsts) for one in ordered)


def _row(one: CandidateResult, firsts: dict[tuple[str, str], str]) -> dict[str, object]:
    """The row; `firsts` holds the id by label and address, and by label and id, so far."""
    candidate, result = one.candidate, one.result
    outcome, twin = result.outcome, ""
    if candidate.source not in GIVEN:
        twin = _twin(one, firsts)
        outcome = Outcome.SAME_CONTENT if twin and outcome is Outcome.OK else outcome
    row: dict[str, object] = {
        "id": result.id,
        "label": candidate.label,
        "origin": without_logins(candidate.url),
        "source": candidate.source,
        "query": candidate.query,
        "rank": candidate.rank,
        "page": without_logins(candidate.page),
        "licence": candidate.licence,
        "licence_url": without_logins(candidate.licence_url),
        "licence_by": candidate.licence_by,
        "author": without_logins(candidate.author),
        "fetched_at": result.fetched_at,
        "outcome": outcome.value,
        "detail": redact(printable(result.detail)),
        "attempts": result.attempts,
        "duplicate_of": twin,
        "split": TEST_SOURCE if candidate.source == TEST_SOURCE else "",
    }
    return row | ({"bytes": result.bytes} if result.id else {}) | _state(outcome, result.detail)


def _twin(one: CandidateResult, firsts: dict[tuple[str, str], str]) -> str:
    """The id of the earlier picture in the same class that this row repeats; else empty."""
    label, url, digest = one.candidate.label, one.candidate.url, one.result.id
    if one.result.outcome is Outcome.SAME_URL:
        return firsts.get((label, url), "")
    if not digest:
        return ""
    firsts[label, url] = digest
    # addresses and digests cannot be mistaken for each other
    return digest if firsts.setdefault((label, digest), url) != url else ""


def _state(outcome: Outcome, detail: str) -> dict[str, object]:
    if outcome is Outcome.OK:
        return {"state": KEPT}
    reason = f"{outcome}: {printable(detail)}" if detail else str(outcome)
    return {"state": DROPPED, "stage": STAGE, "reason": reason}
