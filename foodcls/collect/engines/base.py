"""Says what an engine is: who asks what of it, which addresses that makes, how its pages are read.

Hits are dictionaries: `file_url`, and where the engine tells them `page`, `licence`, `licence_url`
and `author`. A page in another shape raises ValueError, KeyError or TypeError instead of yielding
nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from foodcls.collect.engines.licences import FILTERS, SHORT

Hit = dict[str, str]

# the engines repeat themselves beyond this
MAX_RESULTS = 1000
CONTACT = "FOODCLS_CONTACT"


@dataclass(frozen=True)
class Question:
    """A query put to an engine for a class; up to `limit` pictures are wanted."""

    engine: str
    label: str
    query: str
    limit: int
    licence: str = ""  # an engine's filter
    licences: tuple[str, ...] = ()  # short names of what is wanted alone
    research_grade: bool = False  # of what iNaturalist shows, what two people agree on

    @property
    def codes(self) -> tuple[str, ...]:
        """Creative Commons' short names to filter by; empty: all."""
        return tuple(name for name in self.licences if name in SHORT) or FILTERS.get(
            self.licence, ()
        )


@dataclass(frozen=True)
class Access:
    """How engines are reached: with which keys, and other servers in place of their own.

    Answers from before `since`, in seconds since 1970, do not count. When `retrying`, all others
    do, however old, and only what trouble has stopped is asked again.
    """

    # by the environment variable that holds it; keys stay out of logs
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    contact: str = ""  # where whoever is asked too much can complain: a mail address or a page
    bases: tuple[tuple[str, str], ...] = ()  # an engine, and scheme://host in place of its own
    since: float = 0.0
    retrying: bool = False
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)  # by engine, of this run
    permitted: tuple[str, ...] = ()  # engines that permit what they else forbid


class Refused(ValueError):
    """An engine answered that it gives nothing, and why; `shuts`: to no other query either."""

    def __init__(self, reason: str, *, shuts: bool = False) -> None:
        super().__init__(reason)
        self.shuts = shuts


@dataclass(frozen=True)
class Page:
    """A result page: its address, and its bytes."""

    url: str
    content: bytes


@dataclass(frozen=True)
class Terms:
    """What an engine demands of those who ask it."""

    keys: tuple[str, ...] = ()  # the environment variables that hold its key
    key_page: str = ""  # where to get one
    needs_key: bool = False
    needs_contact: bool = False
    quota: int = 0  # requests in `period` seconds; 0: as many as are wanted
    period: float = 86_400
    keyed_quota: int = 0  # with a key, where that gives more
    caution: str = ""  # what it says against training; it is asked by who is permitted to alone
    keep: float = 0  # seconds for which an answer has to be kept, and not asked for again


@dataclass(frozen=True, kw_only=True)
class Engine(ABC):
    """A source of pictures that is asked in words, and answers in pages."""

    terms: Terms = Terms()
    home: str = "https://invalid.test"  # where it is told of downloads, if it wants to be
    has_door: bool = False  # its first page shows no pictures, and only leads to the next
    token: str = ""  # the address where a client's id and secret are changed for a token
    licences: tuple[str, ...] = ()  # that it can filter by

    @abstractmethod
    def pages(self, question: Question, access: Access) -> list[str]:
        """The addresses of a question's pages; of the first alone, if pages tell the next."""

    @abstractmethod
    def parse(self, page: Page) -> Iterable[Hit]:
        """The pictures of a page."""

    def following(self, page: Page) -> str:
        """The address of the page behind this one, where only a page tells; else empty."""
        return ""

    def headers(self, access: Access) -> Mapping[str, str]:
        """What is said to its host alone, such as a key."""
        return {}

    def has_key(self, access: Access) -> bool:
        """Whether all of its key is given."""
        return bool(self.terms.keys) and all(access.keys.get(name) for name in self.terms.keys)

    def lacks(self, access: Access) -> str:
        """What has to be given before it can be asked, and how; empty where nothing is missing."""
        names, page = " and ".join(self.terms.keys), self.terms.key_page
        if self.terms.needs_key and not self.has_key(access):
            return f"needs a key: get one at {page} and set {names}"
        if self.terms.needs_contact and not access.contact:
            mend = f"export {CONTACT}=you@example.org, or set collect.contact"
            return f"answers nobody without a contact: {mend}"
        return ""


def rebased(url: str, base: str) -> str:
    """The address on another server (scheme://host), if one is named."""
    parts = urlsplit(url)
    return url.replace(f"{parts.scheme}://{parts.netloc}", base.rstrip("/"), 1) if base else url
