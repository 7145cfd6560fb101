"""Tells what a workspace holds: how much lies where, what waits, and what is out of use."""

from collections.abc import Iterator
from pathlib import Path

from foodcls.runs.outbox import list_waiting
from foodcls.store.local_store import ASIDE
from foodcls.workspace.finding import Finding, in_bytes
from foodcls.workspace.workspace import Workspace


def look_into(space: Workspace) -> Iterator[Finding]:
    """Look into a workspace without changing it."""
    if not space.root.is_dir():
        yield Finding("workspace", True, f"{space.root} is not there yet; the first run makes it")
        return
    places = {
        "store": [space.own_store],
        "cache": [space.cache],
        "models": [space.models],
        "MLflow": [space.database, space.artifacts],
    }
    for name, paths in places.items():
        yield Finding(f"size of {name}", True, _amount(paths))
    yield _waiting(space)
    yield _aside(space)


def _waiting(space: Workspace) -> Finding:
    count = len(list_waiting(space.records))
    mend = f"foodcls sync --workspace {space.root}; the next run sends them too"
    text = f"{count} wait for MLflow" if count else "none waits for MLflow"
    return Finding("records", not count, text, mend, is_needed=False)


def _aside(space: Workspace) -> Finding:
    folder = Path(space.place) / ASIDE
    count = len(list(folder.iterdir())) if folder.is_dir() else 0
    mend = (
        f"foodcls verify --workspace {space.root} looks for more; the next run makes them anew; "
        "foodcls gc --delete removes what is set aside"
    )
    text = f"{count} set aside in {folder}" if count else "none is set aside"
    return Finding("damaged blobs", not count, text, mend, is_needed=False)


def _amount(places: list[Path]) -> str:
    files = [file for place in places for file in _files(place)]
    return f"{in_bytes(sum(files))} in {len(files):,} files"


def _files(place: Path) -> Iterator[int]:
    """Sizes of the files there; one may go while it is looked at."""
    for path in [place, *place.rglob("*")] if place.exists() else ():
        try:
            if path.is_file():
                yield path.stat().st_size
        except FileNotFoundError:
            continue
