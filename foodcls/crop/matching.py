"""Finds the picture that each box of an annotation file means: one rule for all tools.

The last part of what a picture is called is compared exactly, then in any case, then as Label
Studio and Roboflow respell it; without a picture's ending, with the names without theirs. Where
names repeat, the folders decide, then the class, then the size. Where that leaves several, or the
contents of a file and its own name mean different pictures, or two names mean one, it is refused.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from os.path import commonprefix

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from foodcls.columnar import find_texts
from foodcls.crop.boxes import Box
from foodcls.crop.names import ENDING, ENDINGS, FOLDS, decode_path, list_forms
from foodcls.tables.match_rows import Finder, begin_ids, index_rows, last_parts, plain_path
from foodcls.tables.read_csv import shorten

PLAIN_ENDINGS = f"{ENDINGS}+$"  # of names without their points
NO_PICTURE = "no such picture"
Found = tuple[tuple[int, ...], bool]  # rows, and whether they were named as they are called


@dataclass(frozen=True)
class Meant:
    """The rows of the picture that a box means, its copies included, or why there are none."""

    rows: tuple[int, ...] = ()
    problem: str = ""
    is_exact: bool = False  # named as it is called


@dataclass(frozen=True)
class Names:
    """What the pictures of a manifest are called."""

    finder: Finder
    table: pd.DataFrame  # class, width and height by row
    origins: dict[int, str]
    every: pd.Series  # origins, as the manifest has them, also of the rows that are not indexed
    indices: dict[tuple[str, bool], dict[str, list[int]]] = field(default_factory=dict)

    def named(self, fold: str, last: str, *, is_bare: bool) -> list[int]:
        """The rows of that last part, as the fold compares it; if bare, without their endings.

        For each way there is an index, made when it is first asked: most files need one.
        """
        if (fold, is_bare) not in self.indices:
            index = self.indices[fold, is_bare] = {}
            change = FOLDS[fold]
            for row, path in self.origins.items():
                lasts = _list_lasts(path)
                bare = (ENDING.sub("", last) for last in lasts) if is_bare else lasts
                for key in dict.fromkeys(map(change, bare)):
                    index.setdefault(key, []).append(row)
        return self.indices[fold, is_bare].get(FOLDS[fold](last), [])

    def folders(self, row: int) -> list[str]:
        """The folders of the picture's path, from the outermost."""
        return _list_folders(_without_query(self.origins[row]))

    @cached_property
    def facts(self) -> dict[int, tuple[str, tuple[int, int]]]:
        """By row its class, and its size in pixels, 0 where none is known; few files need them."""
        told = zip(self.table["label"].tolist(), list_sizes(self.table), strict=True)
        return dict(zip(self.origins, told, strict=True))

    @cached_property
    def parents(self) -> set[str]:
        """The folders that pictures lie in; few files need them."""
        places = (_without_query(plain_path(path)) for path in self.every.tolist())
        # most pictures lie where others do; a percent sign may stand for another slash
        paths = {place if "%" in place else place.rpartition("/")[0] + "/" for place in places}
        return {folders[-1] for folders in map(_list_folders, paths) if folders}

    def show(self, row: int) -> str:
        """The end of the picture's path, as a message says it."""
        return shorten("/".join(self.origins[row].split("/")[-3:]))


def find_pictures(boxes: Sequence[Box], known: Names, names: str = "both") -> list[Meant]:
    """What each box means, by a file's contents, its own name (`inside`, `file`), or both."""
    labels: dict[str, set[str]] = defaultdict(set)
    look_up = cache(partial(_look_up, known))
    for box in boxes:
        labels[box.file].add(box.label)
    found = []
    for box in boxes:
        said = {"inside": (box.name,), "file": (box.own_name or box.name,)}
        signals = [look_up(name) for name in said.get(names, (box.name, box.own_name)) if name]
        # a picture with boxes of several classes is not known by the class of one of them
        is_told = not box.file or box.is_table or len(labels[box.file]) == 1
        found.append(_agree([item for item in signals if item[0]], box, known, is_told=is_told))
    return _refuse_shared(boxes, found, known)


def index_names(manifest: pd.DataFrame, boxes: Sequence[Box] | None = None) -> Names:
    """Index what the pictures of a manifest are called, dropped ones too; or those of the boxes."""
    table = manifest.loc[manifest["id"] != "", ["id", "origin", "label", "width", "height"]]
    every = table["origin"]
    if boxes is not None:
        table = table[_may_be_meant(table, boxes)]
    paths = map(plain_path, table["origin"].tolist())
    return Names(index_rows(table), table, dict(zip(table.index, paths, strict=True)), every)


def list_sizes(rows: pd.DataFrame) -> list[tuple[int, int]]:
    """Width and height of each, 0 where none is known."""
    width, height = (rows[name].fillna(0).tolist() for name in ("width", "height"))
    return list(zip(width, height, strict=True))


def _may_be_meant(rows: pd.DataFrame, boxes: Sequence[Box]) -> np.ndarray:
    """Whether a box may mean a row: far fewer than there are, and what is hard to tell."""
    names = {name for box in boxes for name in (box.name, box.own_name)}
    forms = {path.casefold() for name in names for path, _ in list_forms(name)}
    origins = pa.array(rows["origin"])
    is_odd = pc.match_substring_regex(origins, r"[^ -~]|[%?\\]")
    is_called = pc.is_in(_cores(origins), _cores(pa.array(list(forms), origins.type)))
    is_meant = np.asarray(pc.or_(is_odd, is_called))
    is_meant |= begin_ids(rows["id"], names)
    # and all rows of these pictures
    return find_texts(rows["id"], rows["id"][is_meant].unique()) >= 0


def _cores(paths: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The letters and digits of each path's last part, which no tool respells; without ending."""
    plain = pc.replace_substring_regex(pc.ascii_lower(last_parts(paths)), "[^0-9a-z]+", "")
    return pc.replace_substring_regex(plain, PLAIN_ENDINGS, "")


def _list_lasts(path: str) -> list[str]:
    """The ways in which the last part of a picture's path may be written."""
    place = _without_query(path)
    forms = dict.fromkeys((path, place))
    forms |= dict.fromkeys(map(decode_path, tuple(forms)) if "%" in path else ())
    whole = [form.rpartition("/")[2] for form in forms]
    # a tool may strip the blanks of a name, or put something in their place
    lasts = dict.fromkeys([*whole, *map(str.strip, whole)])
    return [*lasts, *(unicodedata.normalize("NFD", last) for last in lasts if not last.isascii())]


def _look_up(known: Names, name: str) -> Found:
    """The rows of the first form that names any."""
    for number, (path, fold) in enumerate(list_forms(name)):
        last, folders = path.rpartition("/")[2].strip(), _list_folders(path)
        is_bare = not ENDING.search(last)
        rows = known.named(fold, last, is_bare=is_bare)
        theirs = {row: known.folders(row) for row in rows}
        shared = {row: _count_shared(folders, theirs[row]) for row in rows}
        if path.startswith(("http://", "https://")):  # another address is another picture
            shared = {
                row: number
                for row, number in shared.items()
                if "://" not in known.origins[row] or folders == theirs[row]
            }
        best = max(shared.values(), default=0)
        # a folder that pictures lie in is no other machine's: this one lacks the picture
        if shared and not (folders and not best and folders[-1] in known.parents):
            exact = number == 0 and best == len(folders)
            return tuple(row for row, count in shared.items() if count == best), exact
    return known.finder.by_id(name).rows, True


def _agree(found: Sequence[Found], box: Box, known: Names, *, is_told: bool) -> Meant:
    """The one picture that all that was found has in common, or between whom it is open."""
    owners = known.finder.owners
    if not found:
        return Meant(problem=NO_PICTURE)
    common = set.intersection(*({owners[row] for row in rows} for rows, _ in found))
    if not common:
        first, second = (known.show(rows[0]) for rows, _ in found)
        return Meant(
            problem=f"two pictures ({first} by what the file says, {second} by the file's own "
            "name); correct one, or set crop.names to inside or file"
        )
    pictures = list(common)
    if len(pictures) > 1:
        rows = [row for row in found[0][0] if owners[row] in common]
        pictures = _narrow(rows, box, known, is_told=is_told)
    if len(pictures) > 1:
        firsts = (known.finder.by_id(digest).rows[0] for digest in pictures[:3])
        shown = ", ".join(map(known.show, firsts))
        return Meant(problem=f"{len(pictures)} pictures are called so ({shown}); add a folder")
    return Meant(known.finder.by_id(pictures[0]).rows, is_exact=any(exact for _, exact in found))


def _narrow(rows: list[int], box: Box, known: Names, *, is_told: bool) -> list[str]:
    """The pictures of these rows that the box's class and size leave."""
    owners, label = known.finder.owners, box.label.casefold()
    for fits in (
        lambda row: is_told and known.folders(row)[-1:] == [label],
        lambda row: is_told and known.facts[row][0] == box.label,
        lambda row: box.size in (known.facts[row][1], known.facts[row][1][::-1]),
    ):
        if len({owners[row] for row in rows}) > 1:
            rows = list(filter(fits, rows)) or rows
    return list(dict.fromkeys(owners[row] for row in rows))


def _refuse_shared(boxes: Sequence[Box], found: Sequence[Meant], known: Names) -> list[Meant]:
    """Of two names for one picture a loose one may be another's: an upload of the same name.

    So may one of two files of a picture be, or both a person's; where they say the same, it is one.
    """
    users: dict[tuple[int, ...], dict[str, None]] = defaultdict(dict)
    files: dict[tuple[int, ...], dict[str, set[object]]] = defaultdict(lambda: defaultdict(set))
    for box, item in zip(boxes, found, strict=True):
        users[item.rows][box.name] = None
        files[item.rows]["" if box.is_table else box.file].add((box.label, box.edges))

    def check(item: Meant) -> Meant:
        said = files[item.rows]
        if item.rows and len(said) > 1 and len(set(map(frozenset, said.values()))) > 1:
            shown, picture = ", ".join(map(shorten, list(said)[:3])), known.show(item.rows[0])
            return Meant(
                problem=f"several files ({shown}) have other boxes of {picture}; keep the right one"
            )
        if item.is_exact or not item.rows or len(users[item.rows]) == 1:
            return item
        shown, picture = ", ".join(map(shorten, users[item.rows])), known.show(item.rows[0])
        return Meant(problem=f"several names ({shown}) mean {picture}; keep the right one's boxes")

    return [check(item) for item in found]


def _without_query(path: str) -> str:
    return path.partition("?")[0] if "://" in path else path


def _list_folders(path: str) -> list[str]:
    """The folders of a path from the outermost, as they are compared: without the way up."""
    parts = decode_path(path).casefold().split("/")[:-1]
    return [part for part in parts if part not in ("", ".", "..", "http:", "https:")]


def _count_shared(first: list[str], second: list[str]) -> int:
    """How many folders two pictures' paths share, from the innermost."""
    return len(commonprefix([first[::-1], second[::-1]]))
