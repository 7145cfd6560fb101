"""Keeps what each engine gave for each query, beside the manifest and as a table for people."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

from foodcls.collect.collect import Collected
from foodcls.collect.search import EngineYield
from foodcls.manifest import ManifestRef, save_manifest
from foodcls.store.store import Store
from foodcls.tables.spreadsheet import write_csv

COLUMNS = [field.name for field in fields(EngineYield)]


@dataclass(frozen=True)
class CollectRef(ManifestRef):
    """The written manifest of a `Collected`, with its yields."""

    yields: tuple[EngineYield, ...]


def save_collected(found: Collected, store: Store) -> CollectRef:
    """Write the manifest into the store."""
    return CollectRef(**vars(save_manifest(found.manifest, store, "collect")), yields=found.yields)


def write_yields(yields: Sequence[EngineYield], path: Path) -> None:
    """Write a row for each engine and query; where no engine was asked, there is no table."""
    if not yields:
        path.unlink(missing_ok=True)
        return
    write_csv(pd.DataFrame([asdict(gain) for gain in yields], columns=COLUMNS), path)
