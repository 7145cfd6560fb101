"""Reads all that a workspace holds, and finds what is no longer what was written."""

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from foodcls.export.publish import may_belong
from foodcls.manifest import kept_rows, picture_blobs
from foodcls.progress import Track, silent
from foodcls.runs.outbox import list_pending
from foodcls.store.local_store import FACTS
from foodcls.store.store import digest_file
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.gc import CachedResult
from foodcls.workspace.workspace import Workspace

CHANGED, MISSING = "changed", "missing"
ANEW = "the next run makes it anew"
FETCHED = "the next run fetches or makes it anew"
LISTED = re.compile("([0-9a-f]{64})  (.+)\n")


@dataclass(frozen=True)
class Damage:
    """A file that is not what was written, what it belongs to, and what comes of it."""

    path: Path | str  # words or a URL for what is not there
    fault: str
    owner: str
    mend: str


def find_damage(
    workspace: Workspace, results: Iterable[CachedResult] = (), track: Track = silent
) -> Iterator[Damage]:
    """Read blobs, models, epochs of a training, facts and waiting records; yield what is damaged.

    `results` say what blobs are.
    What is decoded and computed for training is looked at whenever it is opened, and the blobs of
    an object store whenever they are read.
    """
    owners = name_owners(workspace, results)
    yield from _find_changed(workspace, owners, track)
    yield from _find_missing(workspace, owners)
    yield from _find_facts(workspace)
    for waiting in list_pending(workspace.records):
        for path in waiting.damaged():
            yield Damage(waiting.folder / path, CHANGED, "a record that waits to be sent",
                         f"delete {waiting.folder}; the next run records anew")  # fmt: skip


def set_aside(workspace: Workspace, damage: Damage) -> None:
    """Take a damaged file out of use, so that the next run makes it anew."""
    if damage.mend not in (ANEW, FETCHED) or not isinstance(damage.path, Path):
        return
    if damage.path.parent.parent.name == "blobs":
        workspace.store.set_aside(damage.path.name)
    else:
        damage.path.unlink(missing_ok=True)


def name_owners(workspace: Workspace, results: Iterable[CachedResult]) -> dict[str, str]:
    """What each blob is, in words, by digest: a picture by where it came from."""
    owners = {digest: told for result in results for digest, told in result.owners.items()}
    if workspace.manifest.exists():
        table = read_manifest(workspace.manifest, ("id", "picture", "label", "origin"))
        told = "a picture of " + table["label"] + ", " + table["origin"]
        for name in ("id", "picture"):
            owners |= dict(zip(table[name], told, strict=True))
    return owners


def _find_changed(workspace: Workspace, owners: dict[str, str], track: Track) -> Iterator[Damage]:
    """Files whose name holds their digest, read in threads."""
    named: list[tuple[Path, str, Damage]] = []
    for path in workspace.store.blobs():
        owner = owners.get(path.name, "what an earlier run has made")
        named.append((path, path.name, Damage(path, CHANGED, owner, FETCHED)))
    for model in workspace.list_models():
        for path, digest in _list_files(model):
            fault = CHANGED if path.exists() else MISSING
            named.append((path, digest, Damage(path, fault, "a model for use", ANEW)))
    for path in sorted(workspace.pixels.glob("training-*.safetensors")):
        digest = path.stem.rpartition("-")[2]
        named.append((path, digest, Damage(path, CHANGED, "an epoch of a training", ANEW)))

    def is_whole(item: tuple[Path, str, Damage]) -> bool:
        path, digest, _ = item
        return path.exists() and bool(digest) and digest_file(path).startswith(digest)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        checked = zip(named, pool.map(is_whole, named), strict=True)
        for (_, _, damage), whole in track(checked, len(named), "verify"):
            if not whole:
                yield damage


def _list_files(model: Path) -> Iterator[tuple[Path, str]]:
    """The files of a model and how their digests begin; none where the list of them is damaged."""
    digest = model.stem.rpartition("-")[2]
    yield model, digest
    script, *others, sums = may_belong(model)
    beside = [path for path in others if path.exists()]
    # one that was copied here may be alone
    if sums.exists() or beside:
        text = sums.read_text("utf-8", "replace") if sums.exists() else ""
        listed = {name: one for one, name in LISTED.findall(text)}
        wanted = {path.name for path in (script, *beside)}
        known = {path.name for path in (script, *others)}
        is_whole = (
            text == "".join(f"{one}  {name}\n" for name, one in listed.items())
            and wanted <= listed.keys() <= known
            and listed[script.name].startswith(digest)
        )
        named = ((path, listed[path.name]) for path in others if path.name in listed)
        yield from named if is_whole else [(sums, "")]


def _find_missing(workspace: Workspace, owners: dict[str, str]) -> Iterator[Damage]:
    if not workspace.manifest.exists():
        return
    rows = kept_rows(read_manifest(workspace.manifest, ("id", "picture", "state")))
    for digest in sorted(workspace.store.lacking(picture_blobs(rows).unique())):
        yield Damage(workspace.store.where(digest), MISSING, owners[digest], FETCHED)


def _find_facts(workspace: Workspace) -> Iterator[Damage]:
    path = Path(workspace.place) / FACTS
    if not path.exists():
        return
    if (said := _ask_health(path)) != "ok":
        mend = f"move {path} away; the next run does again what it remembered"
        yield Damage(path, f"{CHANGED}: {said}", "the memory of finished work", mend)


def _ask_health(path: Path) -> str:
    # as others may be using it; else, as on a disk that is full or read-only, as it lies there
    for mode in ("mode=ro", "immutable=1"):
        try:
            with closing(sqlite3.connect(f"file:{path}?{mode}", uri=True)) as facts:
                return str(facts.execute("PRAGMA integrity_check(1)").fetchone()[0])
        except sqlite3.DatabaseError as error:
            said = str(error)
    return said
