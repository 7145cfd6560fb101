"""Turns a CSV of labels and URLs, or a manifest, into candidates or reasons, row by row."""

import unicodedata
from pathlib import Path

from foodcls.collect.candidates import Arrival, Candidate, FetchResult, printable
from foodcls.collect.outcomes import Outcome
from foodcls.collect.replay import is_manifest, replay_manifest
from foodcls.errors import TableError
from foodcls.tables.csv_lines import (
    BOM,
    check_header,
    parse_header,
    parse_line,
    read_text,
    split_lines,
)

COLUMNS = ("label", "url")
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
    text = read_text(path).removeprefix(BOM)
    lines = [line for line in split_lines(text) if line.strip()]
    if not lines:
        raise TableError(f"{path} is empty; it needs the columns label,url and a row a picture")
    header = [name.lower() for name in parse_header(path, lines[0])]
    if is_manifest(header):
        found = enumerate(replay_manifest(path), start=1)
        return [_checked(candidate, number, labels) for number, candidate in found]
    check_header(path, header, COLUMNS)
    if len(lines) == 1:
        raise TableError(f"{path} has a header and no rows; add a row label,url a picture")
    places = header.index("label"), header.index("url")
    return [_read_line(line, rank, places, labels) for rank, line in enumerate(lines[1:], start=1)]


def _read_line(
    line: str, rank: int, places: tuple[int, int], labels: tuple[str, ...]
) -> Candidate | Arrival:
    cells = parse_line(line)
    if isinstance(cells, str):
        broken = Candidate(url=printable(line[:SHOWN]), label="", source="urls", rank=rank)
        return _refused(broken, Outcome.BAD_URL, f"row {rank}: {cells}")
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
