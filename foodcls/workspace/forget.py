"""Forgets pictures: finds all that used them, bars them for good, and removes what is theirs."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from foodcls.blocklist import Blocklist, Entry, extend_blocklist, plain_url
from foodcls.collect.fetch import KIND as FETCHED
from foodcls.dedup.blocked import find_lookalikes
from foodcls.errors import StoreError, command_line
from foodcls.export.exported_files import sibling
from foodcls.export.publish import ATTRIBUTION
from foodcls.image.hashes import TABLE_KIND
from foodcls.inspect.fingerprints import can_recall, recall_each
from foodcls.manifest import drop_rows, parse_manifest
from foodcls.store.local_store import BLOBS
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import read_manifest, write_manifest
from foodcls.work.parallel import in_threads
from foodcls.workspace.gc import CachedResult, find_users
from foodcls.workspace.wanted import understand
from foodcls.workspace.workspace import Workspace

# columns of a table that say whose a row is
TOLD = ["id", "label", "origin", "source", "page", "licence", "author", "hash", "box", "picture",
        "split", "parent"]  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A picture that is to be forgotten, by one of its addresses, and why it is one."""

    id: str
    label: str
    origin: str
    source: str
    why: str


@dataclass(frozen=True)
class TableUse:
    """A manifest in which such pictures stand, and how many of each split."""

    workspace: str
    table: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Forgetting:
    """All that forgetting comes to, before anything is done."""

    entries: tuple[Entry, ...]  # to be barred
    pictures: tuple[Picture, ...]
    tables: tuple[TableUse, ...]
    models: Mapping[str, int]  # exported files, and how many such pictures each has learnt from
    blobs: frozenset[str]  # that nothing else needs
    size: int  # of them, in bytes
    away: tuple[str, ...]  # workspaces that could not be looked into

    @property
    def ids(self) -> frozenset[str]:
        """The pictures' ids."""
        return frozenset(one.id for one in self.pictures)


def find_forgotten(
    workspace: Workspace,
    wanted: Iterable[str],
    read: Callable[[Workspace], Iterable[CachedResult]],
) -> Forgetting:
    """All that is meant by what is `wanted`, and all that has used it; nothing is changed.

    `read` gives what the stages of a workspace remember. InputError when something may mean
    several kinds of things, or nothing.
    """
    users, away = find_users(workspace)
    tables = [found for user in users for found in _read_tables(user, read(user))]
    rows = pd.concat([table for *_, table in tables] or [pd.DataFrame(columns=TOLD)])
    rows = rows.drop_duplicates(ignore_index=True)
    fetched = workspace.store.recall(FETCHED, rows["origin"].unique())
    rows["at"] = [fetched.get(origin, {}).get("at", "") for origin in rows["origin"]]
    entries = {entry for text in wanted for entry in understand(text, rows)}
    why = _find_named(rows, Blocklist(tuple(entries)))
    store, photos = workspace.store, _photos(rows)
    # of those that were forgotten before, or lost, there may be nothing left to be compared
    photos = photos[photos["id"].isin(can_recall(store, _blobs_by_id(photos), TABLE_KIND))]
    is_named = photos["id"].isin(set(why))
    fields = _recall_fields(photos[is_named], store)
    others = photos[~is_named].assign(picture=photos["blob"])
    looks = find_lookalikes(others, store, fields, in_threads) if fields else {}
    fields |= _recall_fields(photos[photos["id"].isin(set(looks))], store)
    why |= {digest: f"looks like {other[:16]}" for digest, other in looks.items()}
    doomed = rows["id"].isin(set(why)) | rows["parent"].isin(set(why))
    blobs = _blobs(rows[doomed]) - _blobs(rows[~doomed])
    sizes = {name: size for name, size, _ in store.listing(BLOBS) if name in blobs}
    return Forgetting(
        entries=tuple(_bar(entries, rows[rows["id"].isin(set(why))], why, fields)),
        pictures=tuple(_list_pictures(rows, why)),
        tables=tuple(_count_uses(tables, set(why))),
        models={
            str(path): count
            for user in users
            for path in user.list_models()
            if (count := _count_learnt(path, set(why)))
        },
        blobs=frozenset(sizes),
        size=sum(sizes.values()),
        away=tuple(away),
    )


def forget(workspace: Workspace, found: Forgetting, home: Path) -> None:
    """Bar what was found, then remove it, while all who use the store are held.

    A kill leaves it barred: the same command again removes the rest.
    """
    extend_blocklist(found.entries, workspace.store, home)
    workspace.store.remove(sorted(found.blobs), BLOBS)
    for user in find_users(workspace)[0]:
        # decoded pictures, activations and thumbnails lie there together
        for path in (*user.pixels.glob("*"), *user.thumbs.glob("*")):
            if path.is_file():
                path.unlink(missing_ok=True)
        if user.manifest.exists():
            table = read_manifest(user.manifest)
            is_gone = table["id"].isin(found.ids) | table["parent"].isin(found.ids)
            reasons = dict.fromkeys(map(int, table.index[is_gone]), "forgotten")
            write_manifest(drop_rows(table, reasons, "forget"), user.manifest)


def _find_named(rows: pd.DataFrame, wanted: Blocklist) -> dict[str, str]:
    """Why a picture is meant, by id."""
    found = {digest: "its id" for digest in rows["id"] if digest in wanted.ids}
    for row in rows.drop_duplicates(["id", "origin", "page", "author", "licence"]).itertuples():
        urls = (str(row.origin), str(row.page), str(row.at))
        reason = wanted.reason(urls, str(row.author), str(row.licence))
        if row.id and reason and not row.parent:
            found.setdefault(str(row.id), reason)
    return found


def _read_tables(
    workspace: Workspace, results: Iterable[CachedResult]
) -> Iterator[tuple[Workspace, str, pd.DataFrame]]:
    """The manifests of a workspace: for people, and those of the stages that it remembers."""
    if workspace.manifest.exists():
        yield workspace, workspace.manifest.name, read_manifest(workspace.manifest, TOLD)
    results = list(results)
    told = {table: one.owners.get(table, "a table") for one in results for table in one.tables}
    unread: dict[str, ValueError] = {}
    for table, name in told.items():
        if workspace.store.has(table):
            try:
                with workspace.store.open(table) as file:
                    rows = parse_manifest(file, TOLD)
                yield workspace, name, rows
            except ValueError as error:
                unread[table] = error
    if unread:
        paths = [str(one.path) for one in results if one.tables & unread.keys()]
        table, reason = next(iter(unread.items()))
        remove = command_line("rm", *paths)
        raise StoreError(
            f"{told[table]} of {workspace.root} is damaged or was written by another foodcls "
            f"({reason}); type `{remove}`, which the next run makes anew where it needs it, then "
            "the same again"
        )


def _photos(rows: pd.DataFrame) -> pd.DataFrame:
    """Each picture that was found sound once, with the blob of the whole of it."""
    sound = rows[(rows["hash"] != "") & (rows["parent"] == "") & (rows["id"] != "")]
    whole = sound["picture"].where((sound["picture"] != "") & (sound["box"] == ""), sound["id"])
    first = sound.assign(blob=whole).sort_values("box", key=lambda box: box != "", kind="stable")
    return first.drop_duplicates("id")


def _blobs_by_id(photos: pd.DataFrame) -> dict[str, str]:
    return dict(zip(photos["id"], photos["blob"], strict=True))


def _recall_fields(photos: pd.DataFrame, store: Store) -> dict[str, tuple[str, ...]]:
    """The fields of the photos' fingerprints, by id."""
    prints = recall_each(store, _blobs_by_id(photos), TABLE_KIND)
    return {digest: tuple(vars(one).values()) for digest, one in prints.items()}


def _blobs(rows: pd.DataFrame) -> set[str]:
    return {*rows["id"], *rows["picture"]} - {""}


def _bar(
    entries: Iterable[Entry],
    rows: pd.DataFrame,
    why: Mapping[str, str],
    fields: Mapping[str, tuple[str, ...]],
) -> Iterator[Entry]:
    """What is named, and the addresses and contents of all that was found."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    urls = {plain_url(url) for name in ("origin", "at") for url in rows[name]
            if re.match("https?://", url)}  # fmt: skip
    places = {(one.kind, one.value) for one in entries}
    places |= {("url", url) for url in urls} | {("id", digest) for digest in why}
    for kind, value in sorted(places):
        yield Entry(kind, value, now, fields.get(value, ()))


def _list_pictures(rows: pd.DataFrame, why: Mapping[str, str]) -> Iterator[Picture]:
    first = rows[rows["parent"] == ""].drop_duplicates("id")
    known = {str(row.id): row for row in first.itertuples()}
    for digest, reason in why.items():
        row = known.get(digest)
        told = (str(row.label), str(row.origin), str(row.source)) if row else ("", "", "")
        yield Picture(digest, *told, reason)


def _count_uses(
    tables: Iterable[tuple[Workspace, str, pd.DataFrame]], ids: set[str]
) -> Iterator[TableUse]:
    for workspace, name, table in tables:
        own = table[table["id"].isin(ids) & (table["parent"] == "")]
        if len(own):
            counts = own["split"].replace("", "no split").value_counts()
            yield TableUse(str(workspace.root), name, {str(k): int(v) for k, v in counts.items()})


def _count_learnt(model: Path, ids: set[str]) -> int:
    """How many of the pictures stand in the list of those that an exported model learnt from."""
    table = sibling(model, ATTRIBUTION)
    text = table.read_text("utf-8") if table.exists() else ""
    return len(ids & set(re.findall(r"^([0-9a-f]{64}),", text, re.MULTILINE)))
