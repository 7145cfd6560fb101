"""Tells what a workspace holds: how much lies where, what waits, and what is out of use."""

from collections.abc import Iterator
from pathlib import Path

from foodcls.runs.outbox import list_waiting
from foodcls.store.local_store import ASIDE
from foodcls.workspace.finding import Finding, in_bytes
from foodcls.workspace.workspace import Workspace


def look_into(workspace: Workspace) -> Iterator[Finding]:
    """Look into a workspace without changing it."""
    if not workspace.root.is_dir():
        yield Finding(
            "workspace", True, f"{workspace.root} is not there yet; the first run makes it"
        )
        return
    places = {
        "store": [workspace.own_store],
        "cache": [workspace.cache],
        "models": [workspace.models],
        "MLflow": [workspace.database, workspace.artifacts],
    }
    for name, paths in places.items():
        yield Finding(f"size of {name}", True, _amount(paths))
    yield _waiting(workspace)
    yield _aside(workspace)


def _waiting(workspace: Workspace) -> Finding:
    count = len(list_waiting(workspace.records))
    mend = f"foodcls sync --workspace {workspace.root}; the next run sends them too"
    text = f"{count} wait for MLflow" if count else "none waits for MLflow"
    return Finding("records", not count, text, mend, is_needed=False)


def _aside(workspace: Workspace) -> Finding:
    folder = Path(workspace.place) / ASIDE
    count = len(list(folder.iterdir())) if folder.is_dir() else 0
    mend = (
        f"foodcls verify --workspace {workspace.root} looks for more; the next run makes "
        "them anew; foodcls gc --delete removes what is set aside"
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
