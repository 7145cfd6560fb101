"""Says what a picture is before it is fetched, and every way in which fetching it can end."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote


class Outcome(StrEnum):
    """How a URL or a file ended: REASONS tells what each means, FINAL which are not asked again."""

    OK = "ok"
    SAME_URL = "same_url"
    SAME_CONTENT = "same_content"
    HTTP_ERROR = "http_error"  # 4xx, or a redirect without a target
    UNAVAILABLE = "unavailable"  # 408, 425, 429 and 5xx
    DEFERRED = "deferred"
    TIMEOUT = "timeout"
    CONNECTION_FAILED = "connection_failed"  # or it broke, or what came was not HTTP
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"  # packed or unpacked
    EMPTY = "empty"  # an empty body or file, or 204, 205 and 206
    NOT_AN_IMAGE = "not_an_image"
    BLOCKED_ADDRESS = "blocked_address"
    BAD_URL = "bad_url"  # also that of a redirect
    REDIRECT_LOOP = "redirect_loop"
    OPTED_OUT = "opted_out"
    ROBOTS_TXT = "robots_txt"  # disallowed, or only with pauses that are longer than a run makes
    NO_CONTACT = "no_contact"
    UNLICENSED = "unlicensed"
    FORGOTTEN = "forgotten"
    UNKNOWN_LABEL = "unknown_label"
    NOT_REGULAR = "not_regular"
    UNREADABLE = "unreadable"


# to ask the same URL again, with the same settings, would be in vain
FINAL = frozenset(
    {
        Outcome.OK,
        Outcome.HTTP_ERROR,
        Outcome.TOO_LARGE,
        Outcome.EMPTY,
        Outcome.NOT_AN_IMAGE,
        Outcome.BAD_URL,
        Outcome.REDIRECT_LOOP,
        Outcome.OPTED_OUT,
    }
)
# another attempt a little later may well succeed
PASSING = frozenset(
    {Outcome.UNAVAILABLE, Outcome.TIMEOUT, Outcome.CONNECTION_FAILED, Outcome.TRUNCATED}
)
# what each means to whoever named the picture
REASONS = {
    Outcome.SAME_URL: "the address stands earlier in its class",
    Outcome.SAME_CONTENT: "the same bytes came from another address of its class",
    Outcome.HTTP_ERROR: "the server refuses it for good",
    Outcome.UNAVAILABLE: "the server was busy or broken each time",
    Outcome.DEFERRED: "the server asks to wait longer than a run should, or has given what it "
    "gives in a day: run again then",
    Outcome.TIMEOUT: "no whole answer in collect.timeout seconds",
    Outcome.CONNECTION_FAILED: "no connection; is this machine online?",
    Outcome.TRUNCATED: "the answer broke off each time",
    Outcome.TOO_LARGE: "more than collect.max_bytes",
    Outcome.EMPTY: "nothing in it",
    Outcome.NOT_AN_IMAGE: "no picture in a format that foodcls reads",
    Outcome.BLOCKED_ADDRESS: "an address that is not connected to; if it is of this machine or "
    "network and you mean it, set collect.allow_private_hosts: true",
    Outcome.BAD_URL: "no http or https address that can be asked",
    Outcome.REDIRECT_LOOP: "the server sends from one address to the next",
    Outcome.OPTED_OUT: "its owner does not want it learnt from (X-Robots-Tag)",
    Outcome.ROBOTS_TXT: "the site's robots.txt keeps programs away from it; look for other sources",
    Outcome.NO_CONTACT: "the host answers no program that gives no contact",
    Outcome.UNLICENSED: "no licence that collect.licences admits is proven",
    Outcome.FORGOTTEN: "it was told to be forgotten, and is barred for good",
    Outcome.UNKNOWN_LABEL: "its label is none of the recipe's classes",
    Outcome.NOT_REGULAR: "a link, pipe or device, which is not opened",
    Outcome.UNREADABLE: "the system does not let this user read it",
}
# what another run may well get
LATER = PASSING | {Outcome.DEFERRED, Outcome.UNREADABLE}
SAME_AS_FORGOTTEN = "the very bytes of a picture that was told to be forgotten"


class FetchError(Exception):
    """Why a URL or file gave no bytes; `wait` is the pause in seconds a server asked for."""

    def __init__(self, outcome: Outcome, detail: str, wait: float | None = None) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.wait = wait
        self.came = 0  # bytes, all the same


@dataclass(frozen=True)
class Response:
    """How a URL ended, and its bytes if it ended well."""

    url: str
    at: str  # where redirects led
    outcome: Outcome
    detail: str
    attempts: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that may be fetched; `rank` counts from 1 within its source and query."""

    url: str  # or the path of a file
    label: str
    source: str  # engine, "urls", "folder" or "test"
    query: str = ""
    rank: int = 1
    page: str = ""  # on which the picture is shown
    licence: str = ""  # in SPDX's words, or the source's own
    licence_url: str = ""
    licence_by: str = ""  # who says so: "source", or "filter" of an engine
    author: str = ""
    report: str = ""  # an address of its source that counts downloads

    def ended(self, outcome: Outcome, detail: str = "") -> "CandidateResult":
        """This picture, with how it ended before anything was fetched."""
        return CandidateResult(self, FetchResult(self.url, outcome, detail))


@dataclass(frozen=True, slots=True)
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
    deferred_by: str = ""  # the host that leaves it to a later run; redirects may have led there
    at: str = ""  # where redirects led, if they did


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """A candidate, and how fetching it ended."""

    candidate: Candidate
    result: FetchResult


def printable(text: str) -> str:
    """The text with control characters and broken Unicode percent-encoded, as tables need it."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else quote(char.encode("utf-8", "surrogatepass"), safe="")
        for char in text
    )
