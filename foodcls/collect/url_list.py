"""Reads a list of URLs, a CSV of labels and URLs or an earlier manifest, as candidates."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from yarl import URL

from foodcls.collect.outcomes import REASONS, Candidate, CandidateResult, Outcome, printable
from foodcls.collect.ssrf_guard import blocked_reason
from foodcls.errors import TableError
from foodcls.recipe.data_settings import Collect
from foodcls.redact import without_logins
from foodcls.tables.decode_text import BOM
from foodcls.tables.manifest_csv import read_manifest
from foodcls.tables.read_csv import (
    check_header,
    parse_header,
    parse_line,
    plain_header,
    plain_label,
    read_text,
    split_lines,
)

COLUMNS = ("label", "url")
# characters of a broken line that its row shows
SHOWN = 200
# the columns that tell a manifest from a list of URLs
MARKS = frozenset({"label", "origin", "parent"})
WEB = ("http://", "https://")
# what a manifest tells of a picture beside its address and rank
KEPT = ("label", "source", "query", "page", "licence", "licence_url", "licence_by", "author")


def read_urls(path: Path, labels: tuple[str, ...]) -> list[Candidate | CandidateResult]:
    """Read the table; rows that cannot be fetched come with their outcome.

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
        found = enumerate(replay_manifest(path, text), start=1)
        return [_checked(candidate, number, labels) for number, candidate in found]
    check_header(path, header, COLUMNS)
    header = plain_header(header, COLUMNS)
    if len(lines) == 1:
        raise TableError(f"{path} has a header and no rows; add a row label,url a picture")
    return [_read_line(line, rank, header, labels) for rank, line in enumerate(lines[1:], start=1)]


def read_lists(paths: Sequence[Path], labels: tuple[str, ...]) -> list[Candidate | CandidateResult]:
    """Read several tables, one after the other; a fault names its table where there are several."""
    found: list[Candidate | CandidateResult] = []
    for path in paths:
        read = read_urls(path, labels)
        found += read if len(paths) == 1 else [_of_table(one, path) for one in read]
    return found


def _of_table(one: Candidate | CandidateResult, path: Path) -> Candidate | CandidateResult:
    if isinstance(one, Candidate):
        return one
    detail = f"{path.name}, {one.result.detail}"
    return replace(one, result=replace(one.result, detail=detail))


def check_urls(settings: Collect, labels: tuple[str, ...]) -> None:
    """TableError when a list is none, or each of its hosts is blocked by what it is called."""
    for path in settings.urls:
        asked = [one for one in read_urls(path, labels) if isinstance(one, Candidate)]
        if asked and all(_is_blocked(one.url, settings) for one in asked):
            raise TableError(
                f"{path}: row {asked[0].rank}: {asked[0].url}: "
                f"{REASONS[Outcome.BLOCKED_ADDRESS]}; all {len(asked)} rows are such"
            )


def _is_blocked(url: str, settings: Collect) -> bool:
    try:
        host = (URL(url).host or "").replace("localhost", "127.0.0.1")
    except ValueError:
        return False
    is_address = host.replace(".", "").isdigit() or ":" in host
    return is_address and bool(blocked_reason(host, allow_private=settings.allow_private_hosts))


def is_manifest(names: list[str]) -> bool:
    """Whether a header of these column names is a manifest's."""
    return set(names) >= MARKS and "url" not in names


def replay_manifest(path: Path, text: str) -> list[Candidate]:
    """The candidates of a manifest of this text that came from the web, in its order, also dropped.

    Engine, query, rank, page, licence and author are kept, so that a web that has not changed
    gives the same manifest. Copies (rows with a parent) and files of folders are left out.
    TableError when it is no manifest or lists nothing of the web.
    """
    table = read_manifest(path, text=text)
    is_web = table["origin"].str.lower().str.startswith(WEB)
    rows = table[is_web & (table["parent"] == "")]
    if rows.empty:
        raise TableError(
            f"{path} lists no picture of the web that could be fetched again; name the "
            "manifest.csv of a run with engines or a list of URLs"
        )
    return [_candidate(row) for row in rows.to_dict("records")]


def _read_line(
    line: str, rank: int, header: list[str], labels: tuple[str, ...]
) -> Candidate | CandidateResult:
    cells = parse_line(line)
    if isinstance(cells, str):
        broken = Candidate(url=printable(line[:SHOWN]), label="", source="urls", rank=rank)
        return broken.ended(Outcome.BAD_URL, f"row {rank}: {cells}")
    places = map(header.index, COLUMNS)
    label, url = (cells[place].strip() if place < len(cells) else "" for place in places)
    plain = printable(plain_label(label))
    candidate = Candidate(url=printable(url), label=plain, source="urls", rank=rank)
    # an address that a comma has cut is another one
    if header[-1] == "url" and any(cells[len(header) :]):
        why = f"{len(cells)} cells, the header has {len(header)}"
        detail = f"row {rank}: {why}; put an address with a comma in quotes"
        return candidate.ended(Outcome.BAD_URL, detail)
    return _checked(candidate, rank, labels)


def _checked(
    candidate: Candidate, number: int, labels: tuple[str, ...]
) -> Candidate | CandidateResult:
    """The candidate, or why it cannot be fetched; `number` is its row."""
    if candidate.label not in labels:
        shown = candidate.label[:SHOWN]
        detail = f"row {number}: {shown!r} is none of the recipe's classes"
        return candidate.ended(Outcome.UNKNOWN_LABEL, detail)
    if (plain := without_logins(candidate.url)) != candidate.url:
        detail = f"row {number}: a user name or password in the address"
        return replace(candidate, url=plain).ended(Outcome.BAD_URL, detail)
    if not candidate.url:
        return candidate.ended(Outcome.BAD_URL, f"row {number}: no url")
    return candidate


def _candidate(row: Mapping[Hashable, Any]) -> Candidate:
    rank = 1 if pd.isna(row["rank"]) else int(row["rank"])
    return Candidate(row["origin"], rank=rank, **{name: row[name] for name in KEPT})
