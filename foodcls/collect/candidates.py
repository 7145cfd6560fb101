"""Says what a picture is before it is fetched, and how it arrived."""

from dataclasses import dataclass
from urllib.parse import quote

from foodcls.collect.outcomes import Outcome


@dataclass(frozen=True)
class Candidate:
    """A picture that may be had; `rank` counts from 1 within its source and query."""

    url: str  # or path, as text
    label: str
    source: str  # engine, "urls", "folder" or "test"
    query: str = ""
    rank: int = 1
    page: str = ""  # that shows the picture
    licence: str = ""


@dataclass(frozen=True)
class FetchResult:
    """How a URL or a file ended; `id` is the blob of its bytes, empty when none arrived."""

    url: str
    outcome: Outcome
    detail: str = ""
    id: str = ""
    bytes: int = 0
    attempts: int = 0
    fetched_at: str = ""  # UTC, ISO 8601
    recalled: bool = False  # known from an earlier run: no request was made


@dataclass(frozen=True)
class Arrival:
    """A candidate, and how it ended."""

    candidate: Candidate
    result: FetchResult


def printable(text: str) -> str:
    """Text fit for a table: control characters and broken Unicode percent-encoded."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _quoted(char) for char in text)


def _quoted(char: str) -> str:
    return quote(char.encode("utf-8", "surrogatepass"), safe="")
