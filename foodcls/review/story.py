"""Traces one picture through a manifest: its source, the stages' results, and its relatives."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from foodcls.manifest import KEPT
from foodcls.review.decisions import Verdict, VerdictReader
from foodcls.tables.edit_csv import open_sheet
from foodcls.tables.match_rows import find_picture, index_rows
from foodcls.tables.read_csv import read_sheet
from foodcls.workspace.workspace import Workspace

KIN = 24  # relatives of each kind in a story
# columns of the predictions that need other words in a story
SAID = {"rank": "place of its own class"}

# how a picture was found, and the columns that tell it
FOUND = {"address": "origin", "class": "class", "source": "source", "query": "query",
         "place in results": "place", "page": "page", "licence": "licence", "author": "author",
         "fetched": "fetched_at"}  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """A named piece of a story, e.g. `query: pasta al pesto`."""

    name: str
    text: str


@dataclass(frozen=True)
class Chapter:
    """A part of a story; it has at least one fact."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Relative:
    """Another picture of the story."""

    id: str
    origin: str
    how: str  # e.g. "keeper", "copy 3", "near duplicate, distance 2"


@dataclass(frozen=True)
class Story:
    """All that is known of one picture; `id` is empty when its download failed."""

    id: str
    label: str
    origin: str
    ending: str  # what became of it, in a sentence
    chapters: tuple[Chapter, ...]
    relatives: tuple[Relative, ...] = ()


@dataclass(frozen=True)
class Notes:
    """What other files say of pictures, by id: texts by column name, and a person's verdicts."""

    suspects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    predictions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)


def read_notes(workspace: Workspace) -> Notes:
    """Read the suspects and predictions of a workspace, where it has them.

    Decisions lie where the recipe says: `read_decided` reads them.
    """
    return Notes(_read_by_id(workspace.suspects), _read_by_id(workspace.predictions))


def read_decided(manifest: pd.DataFrame, path: Path, labels: Collection[str]) -> dict[str, Verdict]:
    """The decisions of a filter.csv about the pictures of a manifest, by id.

    `labels` are the classes of the recipe.
    """
    # augmented copies have their parent's address: it would name several pictures
    return VerdictReader(index_rows(manifest[manifest["parent"] == ""]), labels).read(path)


def tell_story(manifest: pd.DataFrame, name: str, notes: Notes) -> Story:
    """The story of the picture called `name`; see `find_picture` for what that may be.

    InputError when it names no picture, or several.
    """
    rows = find_picture(manifest, name)
    # of several URLs of the same bytes, the kept one has passed the most stages
    best = rows.sort_values("state", key=lambda state: state != KEPT, kind="stable").iloc[0]
    relatives = tuple(_relatives(manifest, best)) if best["id"] else ()
    chapters = (
        _chapter("the model says", _prediction(best, notes)),
        *_origins(rows),
        _chapter("arrived", _arrival(best)),
        _chapter("like it", [Fact(item.how, _named(item)) for item in relatives]),
        _chapter("signs", _signs(best, notes)),
        _chapter("became", [_decided(best, notes), *_fate(manifest, rows, best)]),
    )
    return Story(
        id=best["id"],
        label=best["label"],
        origin=best["origin"],
        ending=_ending(best),
        chapters=tuple(chapter for chapter in chapters if chapter.facts),
        relatives=relatives,
    )


def _chapter(title: str, facts: list[Fact]) -> Chapter:
    return Chapter(title, tuple(fact for fact in facts if fact.text))


def _origins(rows: pd.DataFrame) -> Iterator[Chapter]:
    """A chapter for each address of the picture."""
    addresses = rows.drop_duplicates(["origin", "query", "rank"])
    for number, row in enumerate(addresses.to_dict("records"), start=1):
        place = "" if pd.isna(row["rank"]) else f"{row['rank']}"
        row |= {"class": row["given_label"] or row["label"], "place": place}
        facts = [Fact(name, row[column]) for name, column in FOUND.items()]
        yield _chapter("found" if number == 1 else f"found again ({number})", facts)


def _arrival(row: pd.Series) -> list[Fact]:
    size = "" if pd.isna(row["width"]) else f"{row['width']} x {row['height']} pixels"
    return [
        Fact("outcome", row["outcome"]),
        Fact("detail", row["detail"]),
        Fact("attempts", "" if pd.isna(row["attempts"]) else str(row["attempts"])),
        Fact("bytes", "" if pd.isna(row["bytes"]) else f"{row['bytes']:,}"),
        Fact("format", row["format"]),
        Fact("size", size),
        Fact("id", row["id"]),
    ]


def _relatives(manifest: pd.DataFrame, row: pd.Series) -> Iterator[Relative]:
    digest, keeper = row["id"], row["duplicate_of"]
    originals = manifest[(manifest["parent"] == "") & (manifest["id"] != "")]
    others = originals[originals["id"] != digest].drop_duplicates("id")
    copies = manifest[(manifest["parent"] == digest)]
    near = others[others["duplicate_of"] == digest]
    told = {keeper, *near["id"]}
    is_alike = (others["cluster"] == row["cluster"]) & (row["cluster"] != "")
    alike = others[is_alike & ~others["id"].isin(told)] if not row["parent"] else others.iloc[:0]
    if row["parent"]:
        yield from _kin(others[others["id"] == row["parent"]], "made from")
    yield from _kin(others[others["id"] == keeper], "duplicate of")
    for item in near.head(KIN).to_dict("records"):
        yield Relative(item["id"], item["origin"], item["reason"] or "duplicate")
    yield from _kin(alike.head(KIN), "looks alike")
    for item in copies.head(KIN).to_dict("records"):
        yield Relative(item["id"], item["origin"], f"augmented copy {item['copy']}")


def _kin(rows: pd.DataFrame, how: str) -> Iterator[Relative]:
    for item in rows.to_dict("records"):
        yield Relative(item["id"], item["origin"], how)


def _signs(row: pd.Series, notes: Notes) -> list[Fact]:
    suspicion = notes.suspects.get(row["id"], {})
    flags = Fact("flags", str(row.get("flags") or ""))
    return [flags, *(Fact(f"suspect: {name}", text) for name, text in suspicion.items())]


def _decided(row: pd.Series, notes: Notes) -> Fact:
    """A person's decision; the manifest holds only decisions to drop."""
    verdict = notes.verdicts.get(row["id"])
    if verdict is None and row["stage"] == "filter":
        verdict = Verdict(False, row["reason"])
    return Fact("decision", verdict.words if verdict else "")


def _fate(manifest: pd.DataFrame, rows: pd.DataFrame, row: pd.Series) -> list[Fact]:
    boxes = [f"({box})" for box in rows["box"].unique() if box]
    copies = int((manifest["parent"] == row["id"]).sum()) if row["id"] else 0
    cluster = row["cluster"]
    size = manifest[(manifest["cluster"] == cluster) & (manifest["parent"] == "")]["id"].nunique()
    given, label, by = row["given_label"], row["label"], row["label_by"]
    return [
        Fact("relabeled", f"from {given} to {label} by {by}" if given else ""),
        Fact("cluster", f"{cluster[:16]}, {size} in it" if cluster else ""),
        Fact("dropped by", row["stage"]),
        Fact("because", row["reason"]),
        Fact("box", " and ".join(boxes)),
        Fact("split", row["split"]),
        Fact("copies", f"{copies} augmented" if copies else ""),
        Fact("blob", row["picture"] if row["picture"] != row["id"] else ""),
    ]


def _prediction(row: pd.Series, notes: Notes) -> list[Fact]:
    # a test picture is cut to its box: the prediction is of what the model saw
    known = notes.predictions.get(row["id"]) or notes.predictions.get(row["picture"]) or {}
    facts = {name: text for name, text in known.items() if name not in ("label", "origin")}
    shares = {name: f"{float(text):.3f}" for name, text in facts.items()
              if name == "probability" or name.startswith("p_")}  # fmt: skip
    return [Fact(SAID.get(name, name.replace("p_", "p ", 1)), text)
            for name, text in (facts | shares).items()]  # fmt: skip


def _ending(row: pd.Series) -> str:
    if row["state"] != KEPT:
        return f"dropped by {row['stage'] or 'a stage'}: {row['reason'] or row['outcome']}"
    if row["parent"]:
        return f"augmented copy {row['copy']} for training"
    places = {"train": "for training", "val": "for choosing the best epoch", "test": "for the test",
              "own": "an own photo, learnt from last"}  # fmt: skip
    return f"kept, {places.get(row['split'], 'not in a split yet')}"


def _named(item: Relative) -> str:
    return f"{item.id[:16]}  {item.origin}"


def _read_by_id(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    rows, _ = read_sheet(
        path, list(dict.fromkeys(open_sheet(path, ("id",)).columns)), needs_all=False
    )
    return {
        row.cells["id"]: {name: text for name, text in row.cells.items() if name != "id" and text}
        for row in rows
        if row.cells.get("id")
    }
