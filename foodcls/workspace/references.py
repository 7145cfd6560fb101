"""Tells which blobs of a store something still names: results, tables, models, records."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from foodcls.errors import StoreError
from foodcls.store.store import Store
from foodcls.workspace.workspace import Workspace

# whatever looks like a digest counts as one: what is named once too often is kept, no more
DIGEST = re.compile(rb"[0-9a-f]{64}")
# of a model's file, its name holds so many digits
SHORT = 12


@dataclass(frozen=True)
class CachedResult:
    """What the result of a finished stage names."""

    path: Path  # where the result is remembered
    digests: frozenset[str]
    owners: Mapping[str, str]  # what a blob is, in words
    tables: frozenset[str]  # blobs that are manifests


def named_blobs(workspace: Workspace, results: Iterable[CachedResult]) -> set[str]:
    """Digests that these cached results name, the manifests behind them, and the workspace's files.

    A manifest names the pictures of dropped rows too: fetched once, they may be gone from the web.
    StoreError when a manifest cannot be read, as nobody knows then what it named.
    """
    results = list(results)
    told = [*workspace.root.glob("*.csv"), *workspace.records.glob("*/record.json")]
    named = frozenset[str]().union(*(find_digests(path.read_bytes()) for path in told))
    named = named.union(*(result.digests for result in results))
    tables = sorted({table for result in results for table in result.tables})
    return set(named.union(*(find_digests(_read(workspace.store, table)) for table in tables)))


def model_digests(workspace: Workspace) -> set[str]:
    """How the digests of the exported models begin."""
    return {path.stem.rpartition("-")[2] for path in workspace.models.glob("*.pt*")}


def find_digests(text: bytes) -> frozenset[str]:
    """All that looks like a digest."""
    return frozenset(found.decode() for found in DIGEST.findall(text))


def _read(store: Store, table: str) -> bytes:
    if not store.is_whole(table):
        raise StoreError(
            f"manifest {table} is missing or damaged, so what it named is not known; run its "
            "recipe again, which makes it anew, or wait until its result is old enough to go"
        )
    return store.read(table)
