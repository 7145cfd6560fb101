"""Turns a manifest into the pictures that a person looks at, class by class, suspects first."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from foodcls.manifest import KEPT, TEST_SOURCE
from foodcls.tables.read_csv import read_sheet

# dropped here, a picture may come back: by another decision, or by another number per class
REVERSIBLE = ("filter", "augment")


@dataclass(frozen=True)
class Suspect:
    """Why a picture is worth a look before the others."""

    place: int  # among the suspects, the worst first
    reason: str


@dataclass(frozen=True)
class Item:
    """A picture on the page."""

    id: str
    label: str
    width: int  # pixels, upright
    height: int
    origin: str
    copies: int = 0  # other addresses that showed the same picture
    group: str = ""  # cluster, where several pictures of the class share it
    suspect: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gallery:
    """All pictures of a workspace: by class in the order in which they are shown, and by id."""

    by_label: dict[str, tuple[Item, ...]]
    items: dict[str, Item]


def build_gallery(
    manifest: pd.DataFrame, labels: Sequence[str], suspects: Mapping[str, Suspect]
) -> Gallery:
    """Take what a decision can change: no copies, no refused pictures, no test set."""
    originals = manifest[(manifest["parent"] == "") & (manifest["id"] != "")]
    rows = originals[
        ((originals["state"] == KEPT) | originals["stage"].isin(REVERSIBLE))
        & (originals["source"] != TEST_SOURCE)
        & originals["label"].isin(labels)
        & originals["width"].notna()
    ].drop_duplicates("id")
    sizes = Counter(zip(rows["label"], rows["cluster"], strict=True))
    copies = _copies(originals)
    items = [_item(row, sizes, copies, suspects) for row in rows.to_dict("records")]
    by_label = {label: [item for item in items if item.label == label] for label in labels}
    return Gallery(
        {label: _arranged(group, suspects) for label, group in by_label.items()},
        {item.id: item for item in items},
    )


def read_suspects(path: Path) -> dict[str, Suspect]:
    """Pictures by id that are worth a look first, in the order of the file; none without a file.

    Rows that advise to keep, `keep` 1, are left out.
    """
    if not path.exists():
        return {}
    rows, _ = read_sheet(path, ("id", "keep", "reason"), needs_all=False)
    rows = [row for row in rows if row.cells.get("keep", "").strip() != "1"]
    return {
        row.cells.get("id", "").strip(): Suspect(place, row.cells.get("reason", "").strip())
        for place, row in enumerate(rows)
    }


def _copies(originals: pd.DataFrame) -> Counter[str]:
    """Other addresses of each picture: the same bytes, or dropped as its duplicate."""
    keeper = originals["duplicate_of"].where(originals["duplicate_of"] != "", originals["id"])
    pairs = set(zip(keeper, originals["origin"], strict=True))
    counts = Counter(digest for digest, _ in pairs)
    return Counter({digest: count - 1 for digest, count in counts.items()})


def _item(row: dict, sizes: Counter, copies: Counter[str], suspects: Mapping[str, Suspect]) -> Item:
    suspect = suspects.get(row["id"])
    is_group = row["cluster"] and sizes[row["label"], row["cluster"]] > 1
    return Item(
        id=row["id"],
        label=row["label"],
        width=int(row["width"]),
        height=int(row["height"]),
        origin=row["origin"],
        copies=copies[row["id"]],
        group=row["cluster"] if is_group else "",
        suspect=(suspect.reason or "suspect") if suspect else "",
        flags=tuple(str(row.get("flags") or "").replace(",", " ").replace(";", " ").split()),
    )


def _arranged(items: list[Item], suspects: Mapping[str, Suspect]) -> tuple[Item, ...]:
    """Suspects, the worst first; then pictures that look alike, side by side; then the rest."""
    first: dict[str, int] = {}
    for place, item in enumerate(items):
        first.setdefault(item.group or item.id, place)

    def order(item: Item) -> tuple[int, int]:
        if item.id in suspects:
            return 0, suspects[item.id].place
        return (1 if item.group else 2), first[item.group or item.id]

    return tuple(sorted(items, key=order))
