"""Keeps what each engine gave for each query, beside the manifest and as a table for people."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from foodcls.collect.engines.base import DEEPEST
from foodcls.tables.spreadsheet import write_csv

NO_RESULTS, NO_MORE, ENOUGH = "no results", "no more results", ""
TOO_DEEP = f"more than the first {DEEPEST} results cannot be asked for"


@dataclass(frozen=True)
class EngineYield:
    """What an engine gave for a query; `reason` says why no more, empty when that was enough."""

    engine: str
    label: str
    query: str
    pages: int
    found: int
    reason: str

    @property
    def is_complete(self) -> bool:
        """Whether the engine answered to the end, and with something."""
        return self.found > 0 and self.reason in (ENOUGH, NO_MORE, TOO_DEEP)


def write_yields(yields: Sequence[EngineYield], path: Path) -> None:
    """Write a row for each engine and query; where no engine was asked, there is no table."""
    if not yields:
        path.unlink(missing_ok=True)
        return
    write_csv(pd.DataFrame([asdict(gain) for gain in yields]), path)
