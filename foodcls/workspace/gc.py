"""Garbage collection: finds what a workspace has no use for any more, and removes it.

A result is old if the workspace's last use was so many days later: a workspace that rests for a
year loses nothing of its last run. What is dated in the future says nothing of that, and is never
old. Of a store goes only what no workspace that uses it names. Results go before the blobs that
only they named: a kill in between leaves blobs that nobody names, which the next time finds.
"""

import csv
import io
import re
import socket
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby
from pathlib import Path

from foodcls.blocklist import blocklist_blob
from foodcls.collect.fetch import KIND as FETCHED
from foodcls.collect.robots import KIND as SITES
from foodcls.collect.search import KIND as SEARCHES
from foodcls.errors import StoreError
from foodcls.manifest import parse_manifest
from foodcls.progress import Track, silent
from foodcls.redact import without_logins
from foodcls.store.disk import file_sizes
from foodcls.store.local_store import ASIDE, BLOBS
from foodcls.store.store import Store
from foodcls.tables.decode_text import as_utf8
from foodcls.tables.read_csv import find_separator
from foodcls.workspace.recovery import dead_parts, remove_part
from foodcls.workspace.workspace import Workspace

DAY = 86_400
# in this order they are removed
RESULT, BLOB, FACT, PIXELS, PART, DAMAGED = (
    "old results", "unreferenced blobs", "old answers of the web", "old pixels and thumbnails",
    "unfinished files", "damaged blobs",
)  # fmt: skip
# and why
KINDS = {
    RESULT: "not of use for as many days before the last run",
    BLOB: "named by no result, table, record or model of who uses the store",
    FACT: "so old, and of no address that a manifest names",
    PIXELS: "not of use for as many days before the last run",
    PART: "whoever wrote them has died",
    DAMAGED: "set aside, and made anew when they are needed",
}
# whatever looks like a digest counts as one: what is named once too often is kept, no more
DIGEST = re.compile(rb"[0-9a-f]{64}")
# of a model's file, its name holds so many digits
SHORT = 12
# blobs that are removed together: as many as S3 takes in one request
TOGETHER = 1_000


@dataclass(frozen=True)
class CachedResult:
    """What the result of a finished stage names."""

    path: Path  # where the result is remembered
    digests: frozenset[str]
    owners: Mapping[str, str]  # what a blob is, in words
    tables: frozenset[str]  # blobs that are manifests


@dataclass(frozen=True)
class Garbage:
    """A file, or a blob by its digest, that may go."""

    kind: str
    place: Path | str
    size: int


def find_garbage(
    workspace: Workspace,
    read: Callable[[Workspace], Iterable[CachedResult]],
    days: float,
    now: float,
    track: Track = silent,
    *,
    is_sole: bool = False,
) -> list[Garbage]:
    """What may go; of the store nothing while a workspace that uses it is out of reach.

    `read` gives all that a workspace remembers; `is_sole` says that those out of reach are no more.
    A blob written after the last run that ended stays: a killed run goes on from it.
    """
    since = last_use(workspace, now) - days * DAY
    found = [*_old_files(RESULT, [workspace.results], since)]
    users, away = find_users(workspace)
    if is_sole or not away:
        old = {garbage.place for garbage in found}
        kept = {user: [one for one in read(user) if one.path not in old] for user in users}
        # what is barred stays so
        named, addresses = {blocklist_blob(workspace.store)}, set[str]()
        for digests, told in (find_named(*one) for one in kept.items()):
            named |= digests
            addresses |= told
        models = set[str]().union(*map(model_digests, users))
        since_all = min(last_use(user, now) for user in users) - days * DAY
        # they come in order: how far this is, their first digits tell
        parts = groupby(workspace.store.listing(BLOBS), key=lambda one: one[0][:2])
        for _, blobs in track(parts, 256, "blobs, by their first digits"):
            found += (Garbage(BLOB, digest, size) for digest, size, written in blobs
                      if written < since_all and digest not in named
                      and digest[:SHORT] not in models)  # fmt: skip
        found += _old_facts(workspace.store, addresses, since_all)
        found += (Garbage(DAMAGED, name, size) for name, size, _ in workspace.store.listing(ASIDE))
    found += _old_files(PIXELS, [workspace.pixels, workspace.thumbs], since)
    found += (Garbage(PART, path, sum(file_sizes(path))) for path in dead_parts(workspace.root))
    return found


def remove_garbage(workspace: Workspace, found: Iterable[Garbage], track: Track = silent) -> None:
    """Remove what `find_garbage` has found, while the workspace is held."""
    places: dict[str, list[Path | str]] = {kind: [] for kind in KINDS}
    for garbage in found:
        places[garbage.kind].append(garbage.place)
    for path in (*places[RESULT], *places[PIXELS]):
        Path(path).unlink(missing_ok=True)
    blobs = list(map(str, places[BLOB]))
    starts = range(0, len(blobs), TOGETHER)
    for start in track(starts, len(starts), f"removing blobs, {TOGETHER:,} at a time"):
        workspace.store.remove(blobs[start : start + TOGETHER], BLOBS)
    workspace.store.remove(map(str, places[DAMAGED]), ASIDE)
    facts = [str(place).partition(" ") for place in places[FACT]]
    for kind in {kind for kind, *_ in facts}:
        workspace.store.forget(kind, [key for one, _, key in facts if one == kind])
    for path in places[PART]:
        remove_part(Path(path))


def find_users(workspace: Workspace) -> tuple[list[Workspace], list[str]]:
    """The workspaces that use the same store, this one first, and who cannot be looked into."""
    here = socket.gethostname()
    around = Workspace(Path(workspace.place).parent)
    # the one in which the store lies is noted nowhere: it may move
    is_in_one = around.place == workspace.place and around.results.is_dir()
    roots, away = [workspace.root, *([around.root] if is_in_one else [])], []
    for user in workspace.store.users():
        host, _, root = user.partition("\n")
        if host == here and Workspace(Path(root)).results.is_dir():
            roots.append(Path(root))
        else:
            away.append(f"{root} on {host}")
    return [Workspace(root) for root in dict.fromkeys(roots)], away


def last_use(workspace: Workspace, now: float) -> float:
    """When a stage's result was last made or found there, in seconds since 1970; 0 if never."""
    times = (path.stat().st_mtime for path in workspace.list_results())
    return max((time for time in times if time <= now), default=0.0)


def _old_files(kind: str, folders: Iterable[Path], since: float) -> Iterator[Garbage]:
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and path.suffix != ".part" and path.stat().st_mtime < since:
                yield Garbage(kind, path, path.stat().st_size)


def _old_facts(store: Store, named: Collection[str], since: float) -> Iterator[Garbage]:
    """What engines, sites and pictures' servers answered before that time, and nobody needs."""
    for kind in (SEARCHES, SITES):
        for key, fact, size in store.facts(kind):
            if fact["asked_at"] < since:
                yield Garbage(FACT, f"{kind} {key}", size)
    for url, fact, size in store.facts(FETCHED):
        told = datetime.fromisoformat(fact["fetched_at"]).timestamp() if fact["fetched_at"] else 0
        if told < since and without_logins(url) not in named:
            yield Garbage(FACT, f"{FETCHED} {url}", size)


def find_named(workspace: Workspace, results: Iterable[CachedResult]) -> tuple[set[str], set[str]]:
    """Digests and addresses in these cached results, their manifests and the workspace's files.

    A manifest names the pictures of dropped rows too: fetched once, they may be gone from the web.
    StoreError when a manifest cannot be read, as nobody knows then what it named.
    """
    results = list(results)
    records = [path.read_bytes() for path in workspace.records.glob("*/record.json")]
    tables = sorted({table for result in results for table in result.tables})
    digests = set[str]().union(*(result.digests for result in results), *map(find_digests, records))
    addresses = set[str]()
    # one after the other: a table may be large
    for blobs, origins in chain(
        (
            _named_in_text(as_utf8(path.read_bytes(), "replace"))
            for path in workspace.root.glob("*.csv")
        ),
        (_named_in_table(workspace.store, table) for table in tables),
    ):
        digests |= blobs
        addresses |= {origin for origin in origins if origin[:4].lower() == "http"}
    return digests, addresses


def _named_in_table(store: Store, table: str) -> tuple[frozenset[str], Iterable[str]]:
    if store.is_whole(table):
        with suppress(ValueError):
            rows = parse_manifest(store.read(table), ("id", "picture", "parent", "origin"))
            origins = rows.pop("origin").unique()
            return frozenset().union(*(rows[name].unique() for name in rows)) - {""}, origins
    raise StoreError(
        f"manifest {table} is missing, damaged or of another foodcls, so what it named is not "
        "known; run its recipe again, which makes it anew, or wait until its result is old enough "
        "to go"
    )


def _named_in_text(text: bytes) -> tuple[frozenset[str], Iterable[str]]:
    return find_digests(text), _cells(text)


def _cells(data: bytes) -> Iterator[str]:
    # of what a person wrote: lines may end in any way, and a cell may be as long as the text
    csv.field_size_limit(max(csv.field_size_limit(), len(data)))
    text = data.decode("utf-8", "replace")
    for row in csv.reader(io.StringIO(text, newline=None), delimiter=find_separator(text)):
        yield from row


def model_digests(workspace: Workspace) -> set[str]:
    """How the digests of the exported models begin."""
    return {path.stem.rpartition("-")[2] for path in workspace.models.glob("*.pt*")}


def find_digests(text: bytes) -> frozenset[str]:
    """All that looks like a digest."""
    return frozenset(found.decode() for found in DIGEST.findall(text))
