"""Looks at a cache entry before Prefect reads it, and removes one that is not to be believed.

An entry names the code that is to read it. Prefect goes by that: an entry that someone planted, or
that a kill has torn, must not come so far.
"""

import json
import logging
from pathlib import Path
from typing import Any

from prefect.serializers import JSONSerializer

log = logging.getLogger("foodcls.stages")


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
    if isinstance(value, dict):
        own = {str(value[key]) for key in ("__class__", "__exc_type__") if key in value}
        return own.union(*map(named_code, value.values()))
    if isinstance(value, list):
        return set().union(*map(named_code, value))
    return set()
