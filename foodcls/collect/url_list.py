"""Turns a CSV of labels and URLs into candidates: one line, one candidate or one reason."""

import csv
import unicodedata
from pathlib import Path

from foodcls.collect.candidates import Arrival, Candidate, printable
from foodcls.collect.outcomes import Outcome
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
    """
    lines = [line for line in _read_lines(path) if line.strip()]
    if not lines:
        raise TableError(f"{path} is empty; it needs the columns label,url and a row a picture")
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
    names = [name.strip().lower() for name in _cells(header[:LONGEST_LINE])]
    counts = {name: names.count(name) for name in COLUMNS}
    if set(counts.values()) != {1}:
        wrong = ", ".join(f"{name} {count} times" for name, count in counts.items() if count != 1)
        raise TableError(
            f"{path}, row 1: the header {printable(header[:SHOWN])!r} has {wrong}; it needs the "
            "columns label and url once each, separated by commas"
        )
    return names.index("label"), names.index("url")


def _read_line(
    line: str, rank: int, places: tuple[int, int], labels: tuple[str, ...]
) -> Candidate | Arrival:
    if len(line) > LONGEST_LINE:
        broken = Candidate(url=printable(line[:SHOWN]), label="", source="urls", rank=rank)
        detail = f"row {rank}: a line of {len(line)} characters"
        return Arrival(broken, Outcome.BAD_URL, detail)
    cells = _cells(line)
    label, url = (cells[place].strip() if place < len(cells) else "" for place in places)
    plain = printable(unicodedata.normalize("NFC", label))
    candidate = Candidate(url=printable(url), label=plain, source="urls", rank=rank)
    if plain not in labels:
        detail = f"row {rank}: {plain[:SHOWN]!r} is none of the recipe's classes"
        return Arrival(candidate, Outcome.UNKNOWN_LABEL, detail)
    if not url:
        return Arrival(candidate, Outcome.BAD_URL, f"row {rank}: no url")
    return candidate


def _cells(line: str) -> list[str]:
    # each line by itself: a quote that never closes must not swallow the lines after it
    return next(csv.reader([line]), [])
