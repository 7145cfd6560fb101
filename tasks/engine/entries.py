"""Reads Prefect's cache entries: what they name, and which are not to be believed.

An entry names the code that is to read it. Prefect goes by that: an entry that someone planted, or
that a kill has torn, must not come so far.
"""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prefect.serializers import JSONSerializer

from foodcls.workspace.references import CachedResult, find_digests
from foodcls.workspace.workspace import Workspace

log = logging.getLogger("foodcls.stages")

# the fields of results that hold digests of blobs, and what these blobs are
BLOBS = {
    "weights": "the weights of a checkpoint",
    "predictions": "the answers on the test pictures",
    "blob": "an exported model",
    "program": "an exported program",
}


def read_results(workspace: Workspace) -> list[CachedResult]:
    """What the stages' results name; of a torn one, the digests alone that can be read."""
    return [_read_result(path) for path in workspace.list_results()]


def drop_unsound(entry: Path, stage: str) -> None:
    """Remove the entry if it is there and is not one that a stage has written; say so."""
    if entry.exists() and (fault := find_fault(entry.read_bytes())):
        log.warning("%s: its cached result %s; doing it again", stage, fault)
        entry.unlink()


def find_fault(data: bytes) -> str:
    """What is wrong with an entry; empty when nothing is."""
    try:
        entry = json.loads(data)
        serializer = entry["metadata"]["serializer"]
        result = json.loads(entry["result"])
    except (ValueError, LookupError, TypeError):
        return "is torn"
    if serializer != JSONSerializer().model_dump():
        return f"is to be read by {str(serializer)[:60]}, which no stage writes"
    strangers = {name for name in named_code(result) if not name.startswith("foodcls.")}
    return f"names {', '.join(sorted(strangers))}, which is not of foodcls" if strangers else ""


def named_code(value: Any) -> set[str]:
    """The classes that reading a result would import and call."""
    keys = ("__class__", "__exc_type__")
    return {str(item[key]) for item in _objects(value) for key in keys if key in item}


def _read_result(path: Path) -> CachedResult:
    data = path.read_bytes()
    try:
        items = list(_objects(json.loads(json.loads(data)["result"])))
    except (ValueError, LookupError, TypeError):
        items = []
    owners = {str(item[name]): told for item in items for name, told in BLOBS.items()
              if name in item}  # fmt: skip
    tables = {str(item["blob"]): f"the table after {item['stage']}" for item in items
              if {"stage", "blob"} <= item.keys()}  # fmt: skip
    return CachedResult(path, find_digests(data), owners | tables, frozenset(tables))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """The JSON objects in a value, at any depth."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _objects(inner)
