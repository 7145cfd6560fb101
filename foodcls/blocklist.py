"""The blocklist: what `foodcls forget` has barred for good, by address and by content.

It is kept twice, in the store and in the user's own folder, and each completes the other: a
workspace that is restored, or made anew, learns of it from the one that is left.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from pydantic import TypeAdapter, ValidationError
from yarl import URL

from foodcls.errors import StoreError
from foodcls.redact import without_logins
from foodcls.store.disk import editing
from foodcls.store.store import Store, digest_json, replacing

KIND, KEY = "blocklist/1", "all"
PORT = re.compile(r":\d*$")
# of a picture: its address, the host of it or of its page, its author, its licence, its content
KINDS = ("url", "host", "author", "licence", "id")


@dataclass(frozen=True)
class Entry:
    """Something barred; an id comes with the fingerprint by which its look-alikes are known."""

    kind: str  # of KINDS
    value: str
    since: str = ""  # UTC, ISO 8601
    fingerprint: tuple[str, ...] = ()  # hash, mirror hash and thumbnail, of foodcls.image.hashes


@dataclass(frozen=True)
class Blocklist:
    """All that is barred."""

    entries: tuple[Entry, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what is barred, whenever that was said."""
        return digest_json(sorted((one.kind, one.value, one.fingerprint) for one in self.entries))

    @cached_property
    def ids(self) -> frozenset[str]:
        """SHA-256 of pictures that must not come back."""
        return frozenset(one.value for one in self.entries if one.kind == "id")

    @cached_property
    def fingerprints(self) -> dict[str, tuple[str, ...]]:
        """By id, that by which look-alikes are known."""
        return {one.value: one.fingerprint for one in self.entries if one.fingerprint}

    def reason(self, urls: Iterable[str], author: str, licence: str) -> str:
        """What bars a picture of these addresses, in words; empty when nothing does."""
        if not self.entries:
            return ""
        plain = {plain_url(url) for url in urls if url}
        hosts = {PORT.sub("", url.partition("/")[0]) for url in plain if "/" in url}
        parts = {".".join(names[at:]) for names in (host.split(".") for host in hosts)
                 for at in range(len(names))}  # fmt: skip
        rules = self._rules
        for kind, told in (
            ("author", {author.casefold().strip()} - {""}),
            ("host", parts),
            ("licence", {value for value in rules["licence"] if is_licence(licence, value)}),
            ("url", plain),
        ):
            if barred := told & rules[kind]:
                return f"the {kind} {min(barred)} was told to be forgotten"
        return ""

    def joined(self, other: "Blocklist") -> "Blocklist":
        """Both; of an entry that both have, the one that knows more, or is older."""
        found: dict[tuple[str, str], Entry] = {}
        for one in (*self.entries, *other.entries):
            known = found.get((one.kind, one.value), one)
            first = sorted((known, one), key=lambda each: (not each.fingerprint, each.since))[0]
            found[one.kind, one.value] = first
        return Blocklist(tuple(found[place] for place in sorted(found)))

    @cached_property
    def _rules(self) -> dict[str, set[str]]:
        """What is barred, by kind."""
        return {kind: {one.value for one in self.entries if one.kind == kind} for kind in KINDS}


def plain_value(kind: str, value: str) -> str:
    """A value as it is compared."""
    if kind == "host":
        return plain_url(f"http://{value.strip()}/").rstrip("/")
    return plain_url(value) if kind == "url" else value.casefold().strip()


def plain_url(url: str) -> str:
    """An address without scheme and its port, login and fragment: http and https are as one.

    So are all spellings of one address: `a b`, `a%20b`, `%61%20b` and, in a query, `a+b`.
    """
    text = without_logins(url.strip())
    try:
        parts = URL(text)
        host, port = (parts.raw_host or "").rstrip("."), parts.explicit_port
    except ValueError:
        return text
    if parts.scheme not in ("http", "https") or not host:
        return text
    host = f"[{host}]" if ":" in host else host
    place = host if port is None or parts.is_default_port() else f"{host}:{port}"
    query = _respelled(parts.raw_query_string.replace("+", "%20"))
    return f"{place}{_respelled(parts.raw_path)}{'?' if query else ''}{query}"


def _respelled(text: str) -> str:
    """The text with percent signs only where they must be."""
    return quote(unquote_to_bytes(text), safe="/:@!$&'()*+,;=?")


def is_licence(told: str, value: str) -> bool:
    """Whether a licence (CC-BY-NC-4.0) is meant by its name or short name (by-nc), in any case."""
    return bool(re.fullmatch(rf"(cc-)?{re.escape(value)}(-\d.*)?", told.casefold()))


def home_file(environment: Mapping[str, str]) -> Path:
    """Where the user's own copy lies."""
    data = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "foodcls" / "blocklist.json"


def read_blocklist(store: Store, home: Path) -> Blocklist:
    """What store and user know; who of them knew less knows it from now on."""
    kept, own = _read_store(store), _read_file(home)
    whole = kept.joined(own)
    return whole if whole.digest == kept.digest == own.digest else extend_blocklist((), store, home)


def extend_blocklist(added: Iterable[Entry], store: Store, home: Path) -> Blocklist:
    """Bar more, in both places; give all that is barred.

    Others of this user who bar something at the same time wait.
    """
    # the store's copy too is nobody else's meanwhile: who changes it begins with the user's
    with editing(home):
        whole = _read_store(store).joined(_read_file(home)).joined(Blocklist(tuple(added)))
        _write_file(whole, home)
        store.remember(KIND, {KEY: store.put(_encode(whole), durable=True)})
    return whole


def blocklist_blob(store: Store) -> str:
    """The blob that holds the store's copy; empty when nothing is barred."""
    return str(store.recall(KIND, [KEY]).get(KEY, ""))


def _read_store(store: Store) -> Blocklist:
    blob = blocklist_blob(store)
    # a blob that was lost is made anew from the user's copy
    return _parse(store.read(blob), store.where(blob)) if store.has(blob) else Blocklist()


def _read_file(home: Path) -> Blocklist:
    return _parse(home.read_bytes(), home) if home.exists() else Blocklist()


def _write_file(whole: Blocklist, home: Path) -> None:
    with replacing(home) as part:
        part.write_bytes(_encode(whole))


def _encode(whole: Blocklist) -> bytes:
    return json.dumps([asdict(one) for one in whole.entries], indent=1).encode()


def _parse(data: bytes, place: Path | str) -> Blocklist:
    try:
        return Blocklist(tuple(TypeAdapter(tuple[Entry, ...]).validate_json(data)))
    except ValidationError as error:
        first = error.errors()[0]
        raise StoreError(
            f"{place} is no list of what is to be forgotten: {first['msg']} at {first['loc']}; "
            "bring it back from a backup, as without it forgotten pictures would be used again"
        ) from error
