"""The table that passes between stages: one row per picture, never deleted, only marked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa

from foodcls.columnar import csv_chunks, read_parquet, to_arrow, to_column, write_parquet
from foodcls.store.store import Store, digest_json

TEXT, NUMBER = "str", "Int64"

COLUMNS = {
    # what it is
    "id": TEXT,  # SHA-256 of the picture's bytes as they arrived; empty when none did
    "label": TEXT,
    "given_label": TEXT,  # the label under which it was found, where a person has corrected it
    "label_by": TEXT,  # who corrected it: a name, or "a person"
    # where it came from
    "origin": TEXT,  # URL, or path within the folder of `source`
    "source": TEXT,  # engine's name, "urls", "folder", "test" or "own"
    "query": TEXT,
    "rank": NUMBER,  # place among the query's results, from 1
    "page": TEXT,  # the page that showed it
    "licence": TEXT,  # SPDX's name of it, or the source's own
    "licence_url": TEXT,
    "licence_by": TEXT,  # who says so: "source", "filter" of an engine, or empty: nobody
    "author": TEXT,
    "fetched_at": TEXT,  # UTC, ISO 8601; not part of the digest
    # how it arrived
    "outcome": TEXT,  # ok, http_error, timeout, too_large, not_an_image, …
    "detail": TEXT,
    "attempts": NUMBER,
    "bytes": NUMBER,
    # what it looks like
    "format": TEXT,
    "width": NUMBER,  # pixels, upright
    "height": NUMBER,
    "hash": TEXT,  # phash, whatever kind dedup compares
    "mirror_hash": TEXT,
    "flags": TEXT,  # advice, words separated by blanks; filled in the table for people alone
    "cluster": TEXT,  # pictures of one cluster never part in the split
    # what became of it
    "state": TEXT,  # kept or dropped
    "stage": TEXT,  # the stage that dropped it
    "reason": TEXT,
    "duplicate_of": TEXT,
    "box": TEXT,  # xmin,ymin,xmax,ymax in pixels of the upright picture
    "picture": TEXT,  # blob that later stages read: upright, 8-bit RGB, cropped
    "split": TEXT,  # train, val, test or own
    "parent": TEXT,  # id of the picture that an augmented copy was made from
    "copy": NUMBER,  # number of the copy, from 1
}
VOLATILE = ["fetched_at", "attempts"]
# own: photos from where the model will be used; they are learnt from, and judged group by group
SPLITS = ("train", "val", "test", "own")
LEARNT = ("train", "val", "own")  # the splits that a model hangs on
# what a person dropped, among it the strangers that a model may meet
FILTERED = "filtered"
# by split, and of what was filtered, the columns that the stages from training on read
SPLIT_COLUMNS = {
    "train": ["label", "picture"],
    # of look-alikes one counts, where a probe is chosen by them
    "val": ["label", "picture", "cluster"],
    "test": ["id", "label", "origin", "source", "cluster", "state", "picture", "split"],
    "own": ["id", "label", "origin", "cluster", "picture"],
    FILTERED: ["id", "label", "cluster", "reason", "picture"],
}
# and those by which a row is known, and known to be one of these
MARKS = ("id", "origin", "state", "stage", "source", "split")
KEPT, DROPPED = "kept", "dropped"
FORGOTTEN = "forgotten: "  # begins the reason of what looks like a picture that is to be forgotten
TEST_SOURCE = "test"  # the `source` of pictures of an outside test set
OWN_SOURCE = "own"  # the `source` of own photos
GIVEN = (TEST_SOURCE, OWN_SOURCE)  # no collection of the recipe's


@dataclass(frozen=True)
class ManifestRef:
    """Says which manifest a stage wrote; stages hand this on instead of the table."""

    stage: str
    digest: str  # of everything but the volatile columns
    blob: str
    kept: int
    dropped: int
    # a digest for each key of SPLIT_COLUMNS: of what it names of its rows
    splits: tuple[str, ...] = field(default=(), kw_only=True)
    relabeled: int = field(default=0, kw_only=True)  # kept pictures whose label was corrected
    # rows that the stage lost to trouble that may pass, such as a server that was busy
    passing: int = field(default=0, kw_only=True)


@dataclass(frozen=True)
class SplitsRef:
    """Some splits of a written manifest, for a stage that reads no other rows of it."""

    manifest: ManifestRef
    names: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of these splits, whatever the others hold."""
        digests = dict(zip(SPLIT_COLUMNS, self.manifest.splits, strict=True))
        return digest_json([digests[name] for name in self.names])


def new_manifest(rows: Iterable[Mapping[str, object]] = ()) -> pd.DataFrame:
    """A manifest of these rows; a column that a row leaves out is empty."""
    rows = list(rows)
    unknown = sorted({name for row in rows for name in row} - set(COLUMNS))
    if unknown:
        raise ValueError(f"unknown manifest columns {unknown}; allowed: {list(COLUMNS)}")
    columns = {}
    for name, kind in COLUMNS.items():
        blank = "" if kind == TEXT else pd.NA
        columns[name] = pd.Series([row.get(name, blank) for row in rows], dtype=kind)
    return pd.DataFrame(columns)


def kept_rows(manifest: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The rows that no stage has dropped; with these columns alone it takes much less."""
    return (manifest[list(columns)] if columns else manifest)[manifest["state"] == KEPT]


def split_rows(manifest: pd.DataFrame, split: str) -> pd.DataFrame:
    """The kept rows of one split, in the manifest's order."""
    return manifest[(manifest["state"] == KEPT) & (manifest["split"] == split)]


def drop_rows(
    manifest: pd.DataFrame, reasons: Mapping[int, str] | pd.Series, stage: str
) -> pd.DataFrame:
    """A copy in which the rows of these index labels are dropped by `stage` for a reason."""
    told = pd.Series(reasons, dtype=TEXT)
    words = {"state": [DROPPED] * len(told), "stage": [stage] * len(told)}
    return fill_cells(manifest, told.index, {**words, "reason": told})


def fill_cells(
    manifest: pd.DataFrame, rows: pd.Index, columns: Mapping[str, Iterable[object]]
) -> pd.DataFrame:
    """A copy in which the rows of these index labels have these cells, in the labels' order.

    KeyError where there is no such row. Whole columns: pandas puts single cells in less fast.
    """
    places = pd.Series(np.arange(len(manifest)), manifest.index).loc[rows].to_numpy()
    is_filled, order = np.zeros(len(manifest), bool), np.argsort(places)
    is_filled[places] = True
    filled = manifest.copy()
    for name, cells in columns.items():
        filled.loc[is_filled, name] = to_column(cells, COLUMNS[name]).array.take(order)
    return filled


def class_counts(manifest: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Kept rows by label and split: {label: {"train": n, "val": n, "test": n}}; own, if any."""
    rows = kept_rows(manifest, "label", "split")
    counts = rows.groupby(["label", "split"]).size()
    labels = sorted(set(rows["label"]))
    named = [split for split in SPLITS if split != OWN_SOURCE or split in set(rows["split"])]
    return {
        label: {split: int(counts.get((label, split), 0)) for split in named} for label in labels
    }


def save_manifest(
    manifest: pd.DataFrame, store: Store, stage: str, passing: Collection[str] = ()
) -> ManifestRef:
    """Write the table into the store; `passing` are outcomes of the stage that may pass."""
    is_kept = manifest["state"] == KEPT
    lost = manifest["outcome"].isin(passing) & (manifest["stage"] == stage)
    table = to_arrow(manifest[list(COLUMNS)])
    return ManifestRef(
        stage=stage,
        digest=_digest(table.drop_columns(VOLATILE)),
        blob=store.put(write_parquet(table), durable=True),
        kept=int(is_kept.sum()),
        dropped=int((~is_kept).sum()),
        splits=tuple(
            _digest(table.select(names).filter(pa.array(is_of(manifest, split), pa.bool_())))
            for split, names in SPLIT_COLUMNS.items()
        ),
        relabeled=int((is_kept & is_relabeled(manifest)).sum()),
        passing=int(lost.sum()),
    )


def cluster_names(manifest: pd.DataFrame) -> pd.Series:
    """The cluster of each row; without dedup every picture is a cluster of its own."""
    return manifest["cluster"].where(manifest["cluster"] != "", manifest["id"])


def is_relabeled(manifest: pd.DataFrame) -> pd.Series:
    """Which rows are original pictures whose label a person has corrected."""
    return (manifest["given_label"] != "") & (manifest["parent"] == "")


def missing_blobs(ref: ManifestRef, store: Store) -> list[str]:
    """What the manifest needs and the store lacks: its own table, or pictures of kept rows.

    The table's bytes are read back; of the pictures, which name themselves by content, only
    the presence is looked at.
    """
    if not store.is_whole(ref.blob):
        return [ref.blob]
    rows = kept_rows(load_manifest(ref, store, ("state", "picture", "id")))
    return sorted(store.lacking(picture_blobs(rows).unique()))


def picture_blobs(rows: pd.DataFrame) -> pd.Series:
    """The digests of the blobs that hold the rows' pixels: the original where no stage made one."""
    return rows["picture"].where(rows["picture"] != "", rows["id"])


def load_manifest(
    ref: ManifestRef, store: Store, columns: Sequence[str] = tuple(COLUMNS)
) -> pd.DataFrame:
    """Read a table that `save_manifest` wrote, or these columns of it."""
    with store.open(ref.blob) as file:
        return parse_manifest(file, columns)


def load_splits(ref: SplitsRef, store: Store) -> pd.DataFrame:
    """Read the rows of these splits, in the table's order; of an outside test set, all rows.

    No more columns are read than stages hang on, and those by which rows are known.
    """
    wanted = {*MARKS}.union(*(SPLIT_COLUMNS[name] for name in ref.names))
    manifest = load_manifest(ref.manifest, store, [name for name in COLUMNS if name in wanted])
    masks = [is_of(manifest, name) for name in ref.names]
    return manifest[np.logical_or.reduce(masks)]


def parse_manifest(data: bytes | BinaryIO, columns: Sequence[str] = tuple(COLUMNS)) -> pd.DataFrame:
    """The table in this Parquet file, or these columns of it; ValueError when it is none."""
    return read_parquet(data, {name: COLUMNS[name] for name in columns})


def is_of(manifest: pd.DataFrame, split: str) -> pd.Series:
    """Which rows are of one key of SPLIT_COLUMNS."""
    if split == FILTERED:
        return (manifest["state"] == DROPPED) & (manifest["stage"] == "filter")
    kept = (manifest["state"] == KEPT) & (manifest["split"] == split)
    # a dropped picture may stand in the table of groups
    return kept | (manifest["source"] == TEST_SOURCE) if split == "test" else kept


def _digest(table: pa.Table) -> str:
    digest = sha256()
    for chunk in csv_chunks(table):
        digest.update(chunk)
    return digest.hexdigest()
