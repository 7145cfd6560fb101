"""Selects the pictures of a manifest for review, by class, probable label issues first."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern

import pandas as pd

from foodcls.filter.copies import SETTLED, conflicts
from foodcls.manifest import KEPT, OWN_SOURCE, TEST_SOURCE
from foodcls.tables.read_csv import read_sheet

# pictures dropped by these stages may return: by a decision, or another number per class
REVERSIBLE = ("filter", "augment")
# what an item is made of
ITEM_COLUMNS = (
    "id", "label", "width", "height", "origin", "cluster", "given_label", "source", "flags",
)  # fmt: skip
# what the page needs of a manifest: all of it, at 100,000 pictures, would take 100 MB
COLUMNS = (
    *ITEM_COLUMNS, "state", "stage", "reason", "duplicate_of", "parent", "split", "box",
)  # fmt: skip
# what precedes the class that a suspect looks like
LOOKS_LIKE = "looks like "


@dataclass(frozen=True)
class Suspect:
    """Why a picture is shown before the others, e.g. a label issue."""

    place: int  # rank among the suspects, from 0
    reason: str


@dataclass(frozen=True, slots=True)
class GalleryItem:
    """A picture on the page."""

    id: str
    label: str  # of the last run
    width: int  # pixels, upright
    height: int
    origin: str
    copies: int = 0  # other addresses that showed the same picture
    group: str = ""  # cluster, where several pictures of the class share it
    suspect: str = ""
    flags: tuple[str, ...] = ()
    given_label: str = ""  # under which it was found, where that is another one
    rivals: tuple[str, ...] = ()  # of a label conflict: all the classes that it was found for
    guess: str = ""  # the class that it looks like, by its suspicion
    names_class: bool = False  # found for several classes: each decision has to name one

    @property
    def found_as(self) -> str:
        """The class under which it was found."""
        return self.given_label or self.label


@dataclass(frozen=True)
class Gallery:
    """All pictures of a workspace: by class in the order in which they are shown, and by id."""

    by_label: dict[str, tuple[GalleryItem, ...]]
    items: dict[str, GalleryItem]


def build_gallery(
    manifest: pd.DataFrame, labels: Sequence[str], suspects: Mapping[str, Suspect]
) -> Gallery:
    """Select the pictures that a decision can change: no copies, no broken ones, no test set.

    Of a picture that was found for several classes, the largest copy stands for all.
    """
    originals = manifest[(manifest["parent"] == "") & (manifest["id"] != "")]
    open_conflicts = conflicts(originals)
    settled = originals[originals["reason"].str.startswith(SETTLED)]["duplicate_of"]
    rivals: dict[str, tuple[str, ...]] = dict.fromkeys(settled, ())
    for digest, names in open_conflicts.groupby("keeper")["label"]:
        rivals[str(digest)] = tuple(sorted(set(names)))
    is_first = originals.index.isin(open_conflicts.index[open_conflicts["duplicate_of"] == ""])
    rows = originals.loc[
        ((originals["state"] == KEPT) | originals["stage"].isin(REVERSIBLE) | is_first)
        & (originals["source"] != TEST_SOURCE)
        & originals["label"].isin(labels)
        & originals["width"].notna(),
        list(ITEM_COLUMNS),
    ].drop_duplicates("id")
    sizes = Counter(zip(rows["label"].tolist(), rows["cluster"].tolist(), strict=True))
    copies = _copies(originals)
    by_label: dict[str, list[GalleryItem]] = {label: [] for label in labels}
    items = {}
    for row in _records(rows):
        item = _item(row, sizes, copies, suspects, rivals, by_label)
        items[item.id] = item
        by_label[item.label].append(item)
    arranged = {label: _arranged(group, suspects) for label, group in by_label.items()}
    return Gallery(arranged, items)


def read_suspects(path: Path) -> dict[str, Suspect]:
    """The suspects in a file, by id, in its order; empty where there is no file.

    Rows with `keep` 1 are left out.
    """
    if not path.is_file():
        return {}
    rows, _ = read_sheet(path, ("id", "keep", "reason"), needs_all=False)
    rows = [row for row in rows if row.cells.get("keep", "").strip() != "1"]
    return {
        row.cells.get("id", "").strip(): Suspect(place, row.cells.get("reason", "").strip())
        for place, row in enumerate(rows)
    }


def _records(rows: pd.DataFrame) -> Iterator[dict]:
    # one text for each class, not one for each picture
    columns = (map(intern, rows[name].tolist()) if name == "label" else rows[name].tolist()
               for name in ITEM_COLUMNS)  # fmt: skip
    for values in zip(*columns, strict=True):
        yield dict(zip(ITEM_COLUMNS, values, strict=True))


def _copies(originals: pd.DataFrame) -> Counter[str]:
    """The number of other URLs of each picture: of the same bytes, or of its duplicates."""
    keeper = originals["duplicate_of"].where(originals["duplicate_of"] != "", originals["id"])
    pairs = pd.DataFrame({"keeper": keeper, "origin": originals["origin"]}).drop_duplicates()
    # the first address of each is its own
    return Counter(pairs.loc[pairs["keeper"].duplicated(), "keeper"].tolist())


def _item(
    row: dict,
    sizes: Counter,
    copies: Counter[str],
    suspects: Mapping[str, Suspect],
    rivals: Mapping[str, tuple[str, ...]],
    labels: Collection[str],
) -> GalleryItem:
    """`rivals` are the classes of label conflicts, by id; none of those that are settled."""
    own = rivals.get(row["id"], ())
    suspect = suspects.get(row["id"])
    said = (suspect.reason or "suspect") if suspect else ""
    guess = said.removeprefix(LOOKS_LIKE)
    flags = str(row.get("flags") or "").replace(",", " ").replace(";", " ").split()
    is_group = row["cluster"] and sizes[row["label"], row["cluster"]] > 1
    return GalleryItem(
        id=row["id"],
        label=row["label"],
        width=int(row["width"]),
        height=int(row["height"]),
        origin=row["origin"],
        copies=copies[row["id"]],
        group=row["cluster"] if is_group else "",
        suspect=f"found as {' and as '.join(own)}" if own else said,
        given_label=row["given_label"],
        rivals=own,
        names_class=row["id"] in rivals,
        guess=guess if guess != said and guess in labels and guess != row["label"] else "",
        flags=("own photo", *flags) if row["source"] == OWN_SOURCE else tuple(flags),
    )


def _arranged(items: list[GalleryItem], suspects: Mapping[str, Suspect]) -> tuple[GalleryItem, ...]:
    """Sort label conflicts first, then suspects by rank, look-alikes side by side, and the rest."""
    first: dict[str, int] = {}
    for place, item in enumerate(items):
        first.setdefault(item.group or item.id, place)

    def order(item: GalleryItem) -> tuple[int, int]:
        if item.rivals:
            return -1, first[item.group or item.id]
        if item.id in suspects:
            return 0, suspects[item.id].place
        return (1 if item.group else 2), first[item.group or item.id]

    return tuple(sorted(items, key=order))
