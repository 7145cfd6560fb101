"""Turns a CSV of labels and URLs, or a manifest, into candidates or reasons, row by row."""

import csv
import unicodedata
from pathlib import Path

from foodcls.collect.candidates import Arrival, Candidate, FetchResult, printable
from foodcls.collect.outcomes import Outcome
from foodcls.collect.replay import is_manifest, read_manifest
from foodcls.errors import TableError

COLUMNS = ("label", "url")
# characters; no URL that can be asked needs as many
LONGEST_LINE = 20_000
# characters that a table quotes of a line that is no use
SHOWN = 200


def read_urls(path: Path, labels: tuple[str, ...]) -> list[Candidate | Arrival]:
    """Read the table; rows that cannot be asked come with their outcome.

    TableError names the file and the cause when it is no such table. `rank` is the row's number
    among the rows that hold something, from 1 below the header.

    A manifest.csv of an earlier run is such a table too (`label` and `origin` in place of
    `label` and `url`): the same set is fetched again, and no engine is asked. As settings that is
    `collect.urls=old/manifest.csv collect.engines=[]`, as an option `--replay old/manifest.csv`.
    """
    lines = [line for line in _read_lines(path) if line.strip()]
    if not lines:
        raise TableError(f"{path} is empty; it needs the columns label,url and a row a picture")
    if is_manifest(_names(lines[0])):
        found = enumerate(read_manifest(path), start=1)
        return [_checked(candidate, number, labels) for number, candidate in found]
    places = _find_columns(path, lines[0])
    if len(lines) == 1:
        raise TableError(f"{path} has a header and no rows; add a row label,url a picture")
    return [_read_line(line, rank, places, labels) for rank, line in enumerate(lines[1:], start=1)]


def _read_lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TableError(
            f"{path} is not UTF-8 text: byte {error.object[error.start]:#04x} at place "
            f"{error.start}; save it as CSV in UTF-8, not packed and not as a workbook"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _find_columns(path: Path, header: str) -> tuple[int, int]:
    names = _names(header)
    counts = {name: names.count(name) for name in COLUMNS}
    if set(counts.values()) != {1}:
        wrong = ", ".join(f"{name} {count} times" for name, count in counts.items() if count != 1)
        raise TableError(
            f"{path}, row 1: the header {printable(header[:SHOWN])!r} has {wrong}; it needs the "
            "columns label and url once each, separated by commas"
        )
    return names.index("label"), names.index("url")


def _names(header: str) -> list[str]:
    return [name.strip().lower() for name in _cells(header[:LONGEST_LINE])]


def _read_line(
    line: str, rank: int, places: tuple[int, int], labels: tuple[str, ...]
) -> Candidate | Arrival:
    if len(line) > LONGEST_LINE:
        broken = Candidate(url=printable(line[:SHOWN]), label="", source="urls", rank=rank)
        detail = f"row {rank}: a line of {len(line)} characters"
        return _refused(broken, Outcome.BAD_URL, detail)
    cells = _cells(line)
    label, url = (cells[place].strip() if place < len(cells) else "" for place in places)
    plain = printable(unicodedata.normalize("NFC", label))
    candidate = Candidate(url=printable(url), label=plain, source="urls", rank=rank)
    return _checked(candidate, rank, labels)


def _checked(candidate: Candidate, number: int, labels: tuple[str, ...]) -> Candidate | Arrival:
    """The candidate, or why it cannot be asked; `number` is its row."""
    if candidate.label not in labels:
        shown = candidate.label[:SHOWN]
        detail = f"row {number}: {shown!r} is none of the recipe's classes"
        return _refused(candidate, Outcome.UNKNOWN_LABEL, detail)
    if not candidate.url:
        return _refused(candidate, Outcome.BAD_URL, f"row {number}: no url")
    return candidate


def _refused(candidate: Candidate, outcome: Outcome, detail: str) -> Arrival:
    return Arrival(candidate, FetchResult(candidate.url, outcome, detail))


def _cells(line: str) -> list[str]:
    # each line by itself: a quote that never closes must not swallow the lines after it
    return next(csv.reader([line]), [])
