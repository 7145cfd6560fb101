"""Shows which files repeat a picture, on a terminal and in files for programs."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.text import Text

from flows.cli.output import out, print_whole
from foodcls.dedup.duplicates import Duplicates, find_duplicates
from foodcls.image.files import find_pictures
from foodcls.image.listing import path_text
from foodcls.recipe.data_settings import Dedup
from foodcls.tables.spreadsheet import write_rows
from tasks.engine.progress import bars

COLUMNS = ("path", "duplicate_of", "how", "error")
Row = dict[str, str | None]


def show_duplicates(places: Sequence[Path], distance: int) -> Duplicates:
    """Print each file that others repeat, with those that do, and the files that are no picture."""
    found = find_duplicates(find_pictures(places), Dedup(distance=distance), bars)
    print_whole(list(_lines(found)))
    groups = len({one.duplicate_of for one in found.found})
    others = "1 other" if groups == 1 else f"{groups} others"
    out.print(
        f"{len(found.found)} of {found.count} files repeat {others}; nothing is deleted",
        highlight=False,
    )
    return found


def list_rows(found: Duplicates) -> list[Row]:
    """A row for each duplicate and for each file that could not be read."""
    copies = [
        (path_text(one.path), path_text(one.duplicate_of), one.how, None) for one in found.found
    ]
    refused = [(path_text(path), None, None, error) for path, error in found.refused.items()]
    return [dict(zip(COLUMNS, cells, strict=True)) for cells in (*copies, *refused)]


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Write the rows with a header."""
    write_rows(COLUMNS, (list(row.values()) for row in rows), path)


def _lines(found: Duplicates) -> Iterator[tuple[Text, Text]]:
    for keeper, copies in groupby(found.found, key=lambda one: one.duplicate_of):
        yield Text(path_text(keeper), style="bold"), Text()
        for one in copies:
            yield Text(f"    {path_text(one.path)}"), Text(one.how)
    for path, error in found.refused.items():
        yield Text(path_text(path)), Text(error, style="red")
