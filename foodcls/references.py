"""Tells which blobs of a store something still names: results, tables, models, records."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from foodcls.errors import StoreError
from foodcls.store import Store
from foodcls.workspace import Workspace

# whatever looks like a digest counts as one: what is named once too often is kept, no more
DIGEST = re.compile(rb"[0-9a-f]{64}")
# of a model's file, its name holds so many digits
SHORT = 12


def named_blobs(space: Workspace, results: Iterable[Path]) -> set[str]:
    """Digests that these cached results name, the manifests behind them, and the workspace's files.

    A manifest names the pictures of dropped rows too: fetched once, they may be gone from the web.
    StoreError when a manifest cannot be read, as nobody knows then what it named.
    """
    texts = [path.read_bytes() for path in results]
    told = [*space.root.glob("*.csv"), *space.records.glob("*/record.json")]
    named = set[str]().union(*(_digests(path.read_bytes()) for path in told))
    for text in texts:
        named |= _digests(text)
    for table in sorted({blob for text in texts for blob in _tables(text)}):
        named |= _digests(_read(space.store, table))
    return named


def model_digests(space: Workspace) -> set[str]:
    """How the digests of the exported models begin."""
    return {path.stem.rpartition("-")[2] for path in space.models.glob("*.pt*")}


def _digests(text: bytes) -> set[str]:
    return {found.decode() for found in DIGEST.findall(text)}


def _tables(text: bytes) -> Iterator[str]:
    """The blobs of the manifests in a cached result; none in one that is torn."""
    try:
        yield from _walk(json.loads(json.loads(text)["result"]))
    except (ValueError, LookupError, TypeError):
        return


def _walk(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if {"stage", "blob"} <= value.keys():
            yield str(value["blob"])
        for inner in value.values():
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)


def _read(store: Store, table: str) -> bytes:
    if not store.is_whole(table):
        raise StoreError(
            f"manifest {table} is missing or damaged, so what it named is not known; run its "
            "recipe again, which makes it anew, or wait until its result is old enough to go"
        )
    return store.read(table)
