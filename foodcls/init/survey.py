"""Looks at a folder or a table of pictures: which are the classes, which pictures are for tests."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from foodcls.errors import InputError
from foodcls.image.file_types import sniff_format
from foodcls.image.listing import is_aside, is_below, list_below
from foodcls.recipe.types import ClassName
from foodcls.tables.label_table import locate, read_labels
from foodcls.tables.read_csv import plain_header, plain_label, read_header, read_sheet, shorten

# what folders of the parts of a data set are called, in lower case
TRAIN, VAL = ("train", "training"), ("val", "valid", "validation", "dev")
TEST = ("test", "testing")
HEAD = 64  # bytes by which a picture is known
HINT = (
    "put the pictures of each class into a folder of its name, such as {0}/pizza/1.jpg and "
    '{0}/salad/1.jpg; or begin without pictures: foodcls init NAME --classes "pizza, salad"'
)


@dataclass(frozen=True)
class Survey:
    """What lies there; counts are of files that begin as pictures do, by class."""

    sources: tuple[Path, ...]  # folders with one a class in each, or a table of addresses
    counts: Mapping[str, int]
    test: Path | None = None
    test_counts: Mapping[str, int] | None = None
    grouped: Literal["", "true", "shared"] = ""  # how sub-folders group the test pictures
    notes: tuple[str, ...] = ()
    labels: Path | None = None  # a table of the classes of the pictures below the source


def survey_pictures(place: Path) -> Survey:
    """Look at a folder, with or without train/ and test/, or at a CSV with label and url or path.

    InputError when fewer than two classes are there, or one whose name no class may have.
    """
    if not place.is_dir():
        return _checked(_survey_table(place), place)
    parts = {path.name.lower(): path for path in _folders(_unwrap(place))}
    train, val, test = (
        next((parts[name] for name in names if name in parts), None) for names in (TRAIN, VAL, TEST)
    )
    outside = test or (val if train else None)
    sources = (train, val) if train and val and test else (train or _unwrap(place),)
    tables = sorted(place.glob("*.csv"))
    if not train and len(tables) == 1 and not _holds_classes(sources[0]):
        return _checked(_survey_table(tables[0]), place)
    counts = _count_classes(sources, outside)
    found = Survey(
        sources,
        {name: count for name, count in sorted(counts.items()) if count},
        outside,
        _count_classes((outside,)) if outside else None,
        _grouping(outside) if outside else "",
        tuple(_notes(counts, sources, outside, val if train else None)),
    )
    return _checked(found, place)


def _holds_classes(source: Path) -> bool:
    """Whether there are pictures in two folders or more."""
    # what lies in the others is counted once, later
    return len(list(islice(filter(_count, _folders(source)), 2))) > 1


def _survey_table(path: Path) -> Survey:
    named = read_header(path)
    header = plain_header(named, ("path", "label", "url"))
    if "path" in header:
        return _survey_labels(path)
    if "url" not in header:
        names = shorten(",".join(named))
        raise InputError(
            f"{path}: the first line is {names!r}; it must be path,label, for pictures beside the "
            "table or below, or label,url, for their addresses, in any order"
        )
    rows, _ = read_sheet(path, ("label", "url"), needs_all=True)
    found = Counter(plain_label(row.cells["label"]) for row in rows)
    return Survey((path,), dict(sorted(found.items())))


def _survey_labels(table: Path) -> Survey:
    """The pictures that a table names, which lie beside it or below."""
    rows = read_labels(table)
    root = table.resolve().parent
    places = [(row, locate(root, row.path)) for row in rows]
    there = [row for row, path in places if is_below(path, root) and _is_picture(path)]
    if not there:
        raise InputError(
            f"{table}: no picture at {root / rows[0].path}, nor at any other of its {len(rows)} "
            "paths, in the table's own folder or below; put the table where the pictures lie"
        )
    lacking = len(rows) - len(there)
    note = f"{lacking} of {len(rows)} rows of {table.name} name no picture in its folder or below"
    counts = Counter(row.label for row in there)
    return Survey((root,), dict(sorted(counts.items())), labels=table.resolve(),
                  notes=(note,) if lacking else ())  # fmt: skip


def _checked(found: Survey, place: Path) -> Survey:
    refused: dict[str, list[str]] = {}
    for name in found.counts:
        try:
            TypeAdapter(ClassName).validate_python(name)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            refused.setdefault(reason, []).append(repr(name))
    if refused:
        told = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in refused.items())
        raise InputError(f"{found.labels or found.sources[0]}: {told}; rename them")
    if len(found.counts) < 2:
        there = ", ".join(map(repr, found.counts)) or "no folder with pictures"
        raise InputError(f"{place}: a model needs two classes, found {there}; {HINT.format(place)}")
    return found


def _unwrap(place: Path) -> Path:
    """The folder that tells: what was unpacked often lies in one folder alone."""
    inner = _folders(place)
    return _unwrap(inner[0]) if len(inner) == 1 and _folders(inner[0]) else place


def _folders(place: Path) -> list[Path]:
    return sorted(
        path
        for path in place.iterdir()
        if path.is_dir() and not path.is_symlink() and not is_aside(path.name)
    )


def _count_classes(sources: Sequence[Path], aside: Path | None = None) -> Counter[str]:
    """The pictures of each class in the folders of that name, but for the one `aside`."""
    counts: Counter[str] = Counter()
    for folder in (one for source in sources for one in _folders(source) if one != aside):
        counts[plain_label(folder.name)] += _count(folder)
    return counts


def _count(folder: Path) -> int:
    return sum(map(_is_picture, list_below(folder, [])))


def _is_picture(path: Path) -> bool:
    # links, pipes and devices are not opened, as collecting does not
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return sniff_format(file.read(HEAD)) is not None
    except OSError:
        return False


def _grouping(test: Path) -> Literal["", "true", "shared"]:
    """How the sub-folders of a test set's classes may be read as groups."""
    groups = Counter(
        plain_label(group.name) for label in _folders(test) for group in _folders(label)
    )
    if groups.total() < 2:
        return ""
    return "shared" if 1 < len(groups) < groups.total() else "true"


def _notes(
    counts: Mapping[str, int], sources: Sequence[Path], test: Path | None, val: Path | None
) -> Iterator[str]:
    if empty := [name for name, count in counts.items() if not count]:
        yield f"no picture in {', '.join(empty)}: no class"
    tested = {plain_label(path.name) for path in _folders(test)} if test else set()
    if absent := [name for name, count in counts.items() if count and test and name not in tested]:
        yield f"no folder in {test} for {', '.join(absent)}: never judged"
    if strange := sorted(tested - set(counts)):
        yield f"{', '.join(strange)} in {test}: no class of {sources[0]}, not used"
    if val and val != test:
        yield f"{val.name}/ is learnt from as {sources[0].name}/ is: a share of both chooses"
    elif val:
        yield f"{val.name}/ is the test set, as there is no other"
    if not test and any(map(_folders, _folders(sources[0]))):
        yield "sub-folders belong to the class that they lie in; if each is one place or day,"
        yield "move some into a folder test/, so that the figures are of places never seen"
