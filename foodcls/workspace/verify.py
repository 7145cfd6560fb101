"""Reads all that a workspace holds, and finds what is no longer what was written."""

import errno
import logging
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from pydantic import TypeAdapter

from foodcls.collect.fetch import utc_text
from foodcls.errors import StoreError
from foodcls.export.exported_files import DIGESTS
from foodcls.export.publish import may_belong
from foodcls.manifest import kept_rows, picture_blobs
from foodcls.progress import Track, silent
from foodcls.runs.outbox import list_pending
from foodcls.store.local_store import BLOBS, FACTS
from foodcls.store.store import PACE, digest_file, write_whole
from foodcls.tables.manifest_csv import read_manifest
from foodcls.work.parallel import prefetch
from foodcls.workspace.gc import CachedResult
from foodcls.workspace.recovery import WAITING
from foodcls.workspace.workspace import Workspace

log = logging.getLogger(__name__)

# seconds by which clock and file system may differ
SLACK = 2.0
CHANGED, MISSING = "changed", "missing"
ANEW = "the next run makes it anew"
FETCHED = "the next run fetches or makes it anew"
EARLIER = "what an earlier run has made"
LISTED = re.compile("([0-9a-f]{64})  (.+)\n")


@dataclass(frozen=True)
class Damage:
    """A file that is not what was written, what it belongs to, and what comes of it."""

    path: Path | str  # words or a URL for what is not there
    fault: str
    owner: str
    mend: str


@dataclass
class Position:
    """How far a check of blobs has come that has not ended; they are read in their order."""

    store: str  # whose blobs they are
    begun: float  # seconds since 1970
    last: str = ""  # up to this one they were read
    damaged: set[str] = field(default_factory=set)  # those of them that are not whole

    def settles(self, path: Path) -> bool:
        """Whether a blob was read and whole, and nobody has written its file since."""
        if path.name > self.last or path.name in self.damaged:
            return False
        with suppress(FileNotFoundError):
            return path.stat().st_ctime < self.begun - SLACK
        return False

    def note(self, name: str, *, whole: bool) -> None:
        """Remember what was found of a blob."""
        self.last = max(self.last, name)
        (self.damaged.discard if whole else self.damaged.add)(name)


POSITION = TypeAdapter(Position)


def find_damage(
    workspace: Workspace,
    results: Iterable[CachedResult] = (),
    track: Track = silent,
    *,
    goes_on: bool = False,
) -> Iterator[Damage]:
    """Read blobs, models, epochs of a training, facts and waiting records; yield what is damaged.

    `results` say what blobs are. With `goes_on` a check that was stopped is taken up: of the blobs
    that it has read those are read again that were damaged, or whose files were written since.
    What is decoded and computed for training is looked at whenever it is opened, and the blobs of
    an object store whenever they are read.
    """
    owners = cache(partial(name_owners, workspace, list(results)))
    for blob in _find_torn(workspace, goes_on, track):
        yield Damage(blob, CHANGED, owners().get(blob.name, EARLIER), FETCHED)
    yield from _find_changed(workspace)
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
    if damage.path.parent.parent.name == BLOBS:
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


def _find_torn(workspace: Workspace, goes_on: bool, track: Track) -> Iterator[Path]:
    """Blobs whose bytes are not what their names say, read in threads."""
    # as text: a million paths as objects take half a gigabyte
    paths = list(map(str, workspace.store.blobs()))
    position = (goes_on and _read_position(workspace)) or Position(workspace.place, time.time())
    if position.last:
        done = sum(os.path.basename(path) <= position.last for path in paths)
        log.info("going on with the check of %s, which had read %s of %s blobs",
                 utc_text(position.begun), f"{done:,}", f"{len(paths):,}")  # fmt: skip
        paths = [path for path in paths if not position.settles(Path(path))]
    wholes = prefetch(map(Path, paths), _is_whole, os.cpu_count() or 1, WAITING)
    due = time.monotonic() + PACE
    try:
        for path, whole in track(zip(paths, wholes, strict=True), len(paths), "verify"):
            position.note(os.path.basename(path), whole=whole)
            if time.monotonic() > due:
                _keep_position(workspace, position)
                due = time.monotonic() + PACE
            if not whole:
                yield Path(path)
    except BaseException:
        # stopped, or closed by whoever reads what is found
        _keep_position(workspace, position)
        raise
    with suppress(OSError):
        workspace.verifying.unlink(missing_ok=True)


def _is_whole(path: Path) -> bool:
    # one that has gone since it was listed is no damage; what is named and missing is found by name
    return _digest(path) == path.name or not path.exists()


def _digest(path: Path) -> str:
    """The digest of a file's bytes; none where there is no file, or the disk cannot read it."""
    try:
        return digest_file(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return ""


def _read_position(workspace: Workspace) -> Position | None:
    try:
        found = POSITION.validate_json(workspace.verifying.read_bytes())
    # none, or damaged as anything else may be
    except (OSError, ValueError):
        return None
    # of another store, or by a clock that was ahead, it says nothing of what lies here now
    is_of_use = found.store == workspace.place and 0 <= found.begun <= time.time()
    return found if is_of_use else None


def _keep_position(workspace: Workspace, position: Position) -> None:
    # a full disk can be checked as well, from its first blob each time
    with suppress(StoreError):
        write_whole(workspace.verifying, POSITION.dump_json(position))


def _find_changed(workspace: Workspace) -> Iterator[Damage]:
    """Models and epochs whose names hold their digests."""
    named: list[tuple[Path, str, str]] = []
    # what lies beside a model that has gone tells of it
    gone = {path.with_suffix(".pt") for path in workspace.models.glob(f"*{DIGESTS}")}
    for model in sorted(gone.union(workspace.list_models())):
        named += ((path, digest, "a model for use") for path, digest in _list_files(model))
    for path in sorted(workspace.pixels.glob("training-*.pt")):
        named.append((path, path.stem.rpartition("-")[2], "an epoch of a training"))
    for path, digest, owner in named:
        if not path.exists():
            yield Damage(path, MISSING, owner, ANEW)
        elif not digest or not _digest(path).startswith(digest):
            yield Damage(path, CHANGED, owner, ANEW)


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


def _find_missing(workspace: Workspace, owners: Callable[[], dict[str, str]]) -> Iterator[Damage]:
    if not workspace.manifest.exists():
        return
    rows = kept_rows(read_manifest(workspace.manifest, ("id", "picture", "state")))
    for digest in sorted(workspace.store.lacking(picture_blobs(rows).unique())):
        # a run may have written the table anew since it was asked who owns what
        owner = owners().get(digest, EARLIER)
        yield Damage(workspace.store.where(digest), MISSING, owner, FETCHED)


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
