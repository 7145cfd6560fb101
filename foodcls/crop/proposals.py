"""Turns the kept pictures that have no box into a table of proposed boxes."""

import csv
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from foodcls.crop.formats.plain_csv import PROPOSED, TFOD
from foodcls.image.decode import load_picture
from foodcls.image.foreground import propose_box
from foodcls.manifest import TEST_SOURCE, kept_rows
from foodcls.progress import Track, silent
from foodcls.store.store import Store, key_of, replacing
from foodcls.tables.read_csv import read_sheet
from foodcls.work.code_digest import code_digest
from foodcls.work.memo import MemoizedMap, map_batch, map_memoized

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Proposal:
    """A box that a program suggests for a picture, in whole pixels of the upright picture."""

    id: str
    label: str
    size: tuple[int, int]  # width, height
    edges: tuple[int, int, int, int]  # xmin, ymin, xmax, ymax


def read_refused(path: Path) -> frozenset[str]:
    """The ids of the pictures whose proposal a person has refused; none without a file."""
    if not path.exists():
        return frozenset()
    rows, _ = read_sheet(path, ("filename",), needs_all=True)
    return frozenset(row.cells["filename"] for row in rows)


def propose_boxes(
    manifest: pd.DataFrame, store: Store, track: Track = silent, refused: Collection[str] = ()
) -> tuple[Proposal, ...]:
    """A box for each kept picture without one, in the order of the manifest.

    Left out are pictures whose ids are `refused`, augmented copies, outside test pictures, and
    pictures in which nothing stands out from its surroundings.
    """
    rows = _boxless(manifest)
    rows = rows[~rows["id"].isin(list(refused))]
    keys = {digest: key_of(digest, code_digest((__name__,))) for digest in rows["picture"]}
    work = {key: digest for digest, key in keys.items()}
    memoized = MemoizedMap("propose", partial(map_batch, store, partial(_propose, store)))
    found = map_memoized(store, memoized, work, track)
    proposals = tuple(
        Proposal(digest, label, tuple(fact["size"]), tuple(fact["edges"]))
        for digest, label, picture in zip(rows["id"], rows["label"], rows["picture"], strict=True)
        if (fact := found[keys[picture]])["edges"]
    )
    logger.info("%d boxes proposed for %d pictures without one", len(proposals), len(rows))
    return proposals


def write_proposals(proposals: Sequence[Proposal], path: Path, *, adds: bool = False) -> None:
    """Write a table that `crop` and `review` read, each row marked as proposed.

    With `adds` the rows of the file that is there stay, and pictures that it names get none anew.
    """
    there = path.read_text("utf-8") if adds and path.exists() else ""
    named = {line.partition(",")[0] for line in there.splitlines()}
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if there:
            file.write(there if there.endswith("\n") else there + "\n")
        else:
            writer.writerow((*TFOD, PROPOSED))
        writer.writerows(
            (item.id, *item.size, item.label, *item.edges, "true")
            for item in proposals
            if item.id not in named
        )


def _propose(store: Store, digest: str) -> dict[str, object]:
    image = load_picture(store.read(digest))
    return {"size": image.size, "edges": propose_box(image)}


def _boxless(manifest: pd.DataFrame) -> pd.DataFrame:
    """One row a picture; a row's picture without a box is the whole picture, upright."""
    rows = kept_rows(manifest)
    rows = rows[(rows["parent"] == "") & (rows["source"] != TEST_SOURCE) & (rows["picture"] != "")]
    boxed = set(rows.loc[rows["box"] != "", "id"])
    return rows[~rows["id"].isin(boxed)].drop_duplicates("id")
