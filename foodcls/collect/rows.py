"""Turns fetched candidates into manifest rows, marks duplicates within a class, and counts."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from foodcls.collect.outcomes import Candidate, CandidateResult, FetchResult, Outcome, printable
from foodcls.columnar import TYPES, has_any, to_series
from foodcls.manifest import COLUMNS, DROPPED, GIVEN, KEPT, NUMBER, TEST_SOURCE, TEXT, kept_rows
from foodcls.redact import redact, without_logins

STAGE = "collect"
TOGETHER = 4_096  # objects that are read at once
# what is read of candidates and of how fetching them ended
ADDRESSES = ("url", "page", "licence_url", "author")
AS_FOUND = (*ADDRESSES, "label", "source", "query", "rank", "licence", "licence_by")
AS_FETCHED = ("id", "fetched_at", "attempts", "bytes", "outcome", "detail")


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
    results = list(results)
    order = _class_order(results, labels)
    # one after the other: what is read lies in memory twice for a while
    told = _read_columns([one.candidate for one in results], AS_FOUND, order)
    told |= _read_columns([one.result for one in results], AS_FETCHED, order)
    twins, ids, outcomes = _find_twins(results, order, told), told["id"], told["outcome"]
    is_twin = pc.and_(pc.not_equal(twins, ""), pc.equal(outcomes, Outcome.OK.value))
    outcomes = pc.if_else(is_twin, Outcome.SAME_CONTENT.value, outcomes)
    is_kept = pc.equal(outcomes, Outcome.OK.value)
    details = _respell(told["detail"], "", lambda text: redact(printable(text)))
    why = pc.binary_join_element_wise(outcomes, details, pa.scalar(": ", TYPES[TEXT]))
    why = pc.if_else(pc.equal(details, ""), outcomes, why)
    told |= {name: _respell(told[name], "@", without_logins) for name in ADDRESSES}
    told |= {
        "origin": told["url"],
        "bytes": pc.if_else(pc.equal(ids, ""), pa.scalar(None, TYPES[NUMBER]), told["bytes"]),
        "outcome": outcomes,
        "detail": details,
        "duplicate_of": twins,
        "split": pc.if_else(pc.equal(told["source"], TEST_SOURCE), TEST_SOURCE, ""),
        "state": pc.if_else(is_kept, KEPT, DROPPED),
        "stage": pc.if_else(is_kept, "", STAGE),
        "reason": pc.if_else(is_kept, "", why),
    }
    return _join(told, len(results))


def _class_order(results: Sequence[CandidateResult], labels: tuple[str, ...]) -> np.ndarray:
    """The places of the results by class, those of no class last: int of shape (len,)."""
    told = _array(list(map(attrgetter("candidate.label"), results)), TYPES[TEXT])
    # the place that is absent comes last, and equal ones stay in order
    return np.asarray(pc.array_sort_indices(pc.index_in(told, pa.array(labels, TYPES[TEXT]))))


def _read_columns(
    items: Sequence[Candidate] | Sequence[FetchResult], names: Iterable[str], order: np.ndarray
) -> dict[str, pa.Array]:
    """What the items have by these names, in that order."""
    kinds = {name: TYPES[COLUMNS.get(name, TEXT)] for name in names}
    pieces = {name: [pa.array([], kind)] for name, kind in kinds.items()}
    # some at a time, as they lie in memory: none of a million would still be at hand later
    for start in range(0, len(items), TOGETHER):
        some = items[start : start + TOGETHER]
        for name, kind in kinds.items():
            pieces[name].append(_array(list(map(attrgetter(name), some)), kind))
    # no more than one column lies in memory twice
    return {name: pa.concat_arrays(pieces.pop(name)).take(pa.array(order)) for name in kinds}


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    # broken Unicode, such as a server's bytes that an error quotes
    except UnicodeEncodeError:
        return pa.array(list(map(printable, values)), kind)


def _respell(column: pa.Array, mark: str, change: Callable[[str], str]) -> pa.Array:
    """The texts, changed where they hold the mark; each of those that are equal is changed once."""
    if mark and not has_any(column, mark):
        return column
    is_marked = pc.match_substring(column, mark)
    coded = column.filter(is_marked).dictionary_encode()
    changed = pa.array([change(text) for text in coded.dictionary.to_pylist()], column.type)
    return pc.replace_with_mask(column, is_marked, changed.take(coded.indices))


def _join(columns: Mapping[str, pa.Array], count: int) -> pd.DataFrame:
    """A manifest of so many rows; a column that is left out is empty."""
    blanks = {
        kind: pa.repeat(pa.scalar(value, TYPES[kind]), count)
        for kind, value in ((TEXT, ""), (NUMBER, None))
    }
    cells = {name: columns.get(name, blanks[kind]) for name, kind in COLUMNS.items()}
    return pd.DataFrame({
        name: to_series(pa.chunked_array([column.cast(TYPES[COLUMNS[name]])]))
        for name, column in cells.items()
    })  # fmt: skip


def _find_twins(
    results: Sequence[CandidateResult], order: np.ndarray, told: Mapping[str, pa.Array]
) -> pa.Array:
    """By row the id of the earlier picture in its class that it repeats; else empty."""
    code = np.asarray(told["id"].dictionary_encode().indices)
    repeated = told["url"].filter(pc.equal(told["outcome"], Outcome.SAME_URL.value)).unique()
    # no other row repeats one, or is repeated
    is_twice = np.asarray(pc.not_equal(told["id"], "")) & (np.bincount(code)[code] > 1)
    is_likely = is_twice | np.asarray(pc.is_in(told["url"], repeated))
    twins = [""] * len(order)
    firsts: dict[str, dict[str, str]] = defaultdict(dict)
    for place in np.flatnonzero(is_likely).tolist():
        one = results[order[place]]
        if one.candidate.source not in GIVEN:
            twins[place] = _twin(one, firsts[one.candidate.label])
    return pa.array(twins, TYPES[TEXT])


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


def source_counts(manifest: pd.DataFrame) -> list[dict[str, str | int]]:
    """What each source gave: its rows, those that arrived, and those kept, copies left out."""
    rows = manifest.loc[manifest["parent"] == "", ["source", "id", "state"]]
    return [
        {
            "source": str(source),
            "found": len(of),
            "arrived": int((of["id"] != "").sum()),
            "kept": len(kept_rows(of)),
        }
        for source, of in rows.groupby("source", sort=False)
    ]
