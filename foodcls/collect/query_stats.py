"""What each engine gave for each query, as a record and as a table for people."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from foodcls.collect.engines.base import MAX_RESULTS
from foodcls.tables.spreadsheet import write_csv

LOG = logging.getLogger(__name__)

SHOWN = 3  # queries in a message
NO_RESULTS, NO_MORE, ENOUGH = "no results", "no more results", ""
TOO_DEEP = f"more than the first {MAX_RESULTS} results cannot be asked for"


@dataclass(frozen=True)
class QueryStats:
    """How much an engine found for a query; `reason` says why no more, empty when it sufficed."""

    engine: str
    label: str
    query: str
    pages: int
    found: int
    reason: str

    @property
    def is_complete(self) -> bool:
        """Whether something was found, and only the end of the results stopped the search."""
        return self.found > 0 and not self.is_passing

    @property
    def is_passing(self) -> bool:
        """Whether trouble stopped the search, so that another run may find more."""
        return self.reason not in (ENOUGH, NO_MORE, TOO_DEEP, NO_RESULTS)


def tell_troubles(stats: Iterable[QueryStats]) -> None:
    """Log each trouble of an engine once, with the queries that met it."""
    troubles = defaultdict[tuple[str, str], list[str]](list)
    for one in stats:
        if not one.is_complete:
            troubles[one.engine, one.reason].append(one.query)
    for (name, why), queries in troubles.items():
        shown = ", ".join(map(repr, queries[:SHOWN])) + (", …" if queries[SHOWN:] else "")
        asked = shown if len(queries) == 1 else f"{len(queries)} queries ({shown})"
        hint = "; is this machine online?" if "DNSError" in why else ""
        LOG.warning("%s, %s: %s%s", name, asked, why, hint)


def tell_stopped(asked: Sequence[tuple[str, str]]) -> None:
    """Log for how many queries an engine was not asked to the end; of each query engine and why."""
    queries = Counter(name for name, _ in asked)
    for (name, why), several in Counter(asked).items():
        if why:
            said = "%s: %s: %d of %d queries, which the next run asks"
            LOG.warning(said, name, why, several, queries[name])


def write_query_stats(stats: Sequence[QueryStats], path: Path) -> None:
    """Write a row for each engine and query as CSV; delete the file when no engine was asked."""
    if not stats:
        path.unlink(missing_ok=True)
        return
    write_csv(pd.DataFrame([asdict(one) for one in stats]), path)
