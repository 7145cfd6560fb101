"""An HTTP client for untrusted servers: one request at a time, bounded in time and bytes."""

import asyncio
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookies import BaseCookie
from typing import Self
from urllib.parse import quote, urljoin

import aiohttp
from yarl import URL

import foodcls
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import FetchError, Outcome, printable
from foodcls.collect.response_headers import check_head
from foodcls.collect.ssrf_guard import BlockedAddress, guarded_connector

AGENT = f"foodcls/{foodcls.__version__}"
HEADERS = {"Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}
LONGEST_URL = 8_000
# part of the time that connecting may take, so that a lost connection can be tried again
CONNECTING = 1 / 3
PACKED = frozenset({"gzip", "x-gzip", "deflate"})
# compression that we cannot undo; any other word there (none, utf-8) says nothing of the bytes
FOREIGN = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})
# zlib: find out from the stream whether it is gzip or zlib
EITHER = zlib.MAX_WBITS | 32
GZIP = b"\x1f"  # how a member of a gzip begins
ADDRESS = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
# what is sent as it was written: a signature holds for one spelling of an address
WRITTEN = "%/:?#[]@!$&'()*+,;=|"


@dataclass(frozen=True)
class Redirect:
    """A redirect to another URL, made absolute, and the cookies that came with it."""

    url: str
    source: URL = field(default=URL(), compare=False)
    cookies: BaseCookie[str] = field(default_factory=BaseCookie, compare=False)


class HttpClient:
    """Sends requests, one at a time, and follows no redirect; use it as an async context."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=guarded_connector(
                self._limits.hosts, allow_private=self._limits.allow_private
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(sock_connect=self._limits.timeout * CONNECTING),
            headers=HEADERS | {"User-Agent": _agent(self._limits.contact)},
            auto_decompress=False,
            trust_env=False,
        )
        # aiohttp silently repeats a request where a server hangs up; attempts are counted and
        # spaced by us alone
        self._session._retry_connection = False
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._session.close()

    def bounded(self, limits: Limits) -> "HttpClient":
        """This client, with its connections, under other limits."""
        other = HttpClient(limits)
        other._session = self._session
        return other

    async def get(
        self, url: str, seconds: float, trail: Sequence[Redirect] = ()
    ) -> bytes | Redirect:
        """The body of a URL that `trail` led to, or its redirect, in `seconds`; else FetchError."""
        target, came = parse_url(url), [0]
        try:
            return await self._get(target, seconds, trail, came)
        except FetchError as error:
            error.came = sum(came)
            raise

    async def _get(
        self, url: URL, seconds: float, trail: Sequence[Redirect], came: list[int]
    ) -> bytes | Redirect:
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(url, trail, came)
        except TimeoutError as error:
            late = f"no whole answer within {self._limits.timeout:g} s"
            raise FetchError(Outcome.TIMEOUT, late) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _trouble(error) from error

    async def _ask(self, url: URL, trail: Sequence[Redirect], came: list[int]) -> bytes | Redirect:
        policy = self._limits.limiter.policy(url.host_port_subcomponent or "")
        if policy.wants_contact and not self._limits.contact:
            raise FetchError(Outcome.NO_CONTACT, "set FOODCLS_CONTACT to a mail address")
        # to no other host, wherever it redirects
        headers = _cookies(url, trail) | dict(self._limits.headers.get(str(url.origin()), {}))
        form = self._limits.forms.get(str(url))
        method = "POST" if form else "GET"
        asked = self._session.request(
            method, url, allow_redirects=False, headers=headers, data=form
        )
        async with asked as response:
            target = check_head(
                response.status,
                response.headers,
                self._limits.clock(),
                heed_robots=self._limits.heed_robots,
            )
            if target:
                return Redirect(_joined(url, target), url, response.cookies)
            return await self._read(response, came)

    async def _read(self, response: aiohttp.ClientResponse, came: list[int]) -> bytes:
        limit = self._limits.max_bytes
        if (response.content_length or 0) > limit:
            announced = f"announces {response.content_length} bytes, allowed are {limit}"
            raise FetchError(Outcome.TOO_LARGE, announced)
        body = Body(response.headers.get("Content-Encoding", ""), limit)
        async for chunk in response.content.iter_any():
            came.append(len(chunk))
            body.add(chunk)
        return body.close()


class Body:
    """Collects and decompresses the chunks of a body, and never more than `limit` bytes of it.

    `encoding` is the Content-Encoding; the limit counts decompressed bytes.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        if encoding in FOREIGN:
            raise FetchError(Outcome.NOT_AN_IMAGE, f"packed as {encoding[:40]!r}, not asked for")
        self._stream = zlib.decompressobj(EITHER) if encoding in PACKED else None
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = self._sent = 0

    def add(self, chunk: bytes) -> None:
        """Add the next chunk; FetchError as soon as the limit is passed."""
        data = self._unpacked(chunk) if self._stream else chunk
        self._size += len(data)
        self._sent += len(chunk)
        # packing makes hardly anything longer, and what packs nothing may go on for ever
        if self._size > self._limit or self._sent > 2 * self._limit:
            raise FetchError(Outcome.TOO_LARGE, f"more than {self._limit} bytes")
        self._parts.append(data)

    def close(self) -> bytes:
        """All bytes; FetchError when there are none or a compressed body is incomplete."""
        if not self._size:
            raise FetchError(Outcome.EMPTY, "an empty body")
        if self._stream and not self._stream.eof:
            raise FetchError(Outcome.TRUNCATED, "the packed body ends early")
        return b"".join(self._parts)

    def _unpacked(self, chunk: bytes) -> bytes:
        assert self._stream is not None
        found = bytearray()
        try:
            # a gzip may have several members, one behind the other; anything else there is no data
            while chunk and not (self._stream.eof and chunk[:1] != GZIP):
                if self._stream.eof:
                    self._stream = zlib.decompressobj(EITHER)
                # one byte more than allowed tells a body at the limit from one beyond it
                found += self._stream.decompress(chunk, self._limit - self._size - len(found) + 1)
                if self._size + len(found) > self._limit:
                    break
                chunk = self._stream.unused_data
        except zlib.error as error:
            raise FetchError(Outcome.NOT_AN_IMAGE, f"not packed as it says: {error}") from error
        return bytes(found)


def _agent(contact: str) -> str:
    """Program, version, and what lets a server's people reach whoever runs it, if that is told."""
    return f"{AGENT} (image dataset collector{f'; {printable(contact)}' if contact else ''})"


def parse_url(url: str) -> URL:
    """The URL, percent-encoded only where it must be; FetchError when no request can be sent to it.

    Bytes that were no UTF-8 (surrogate escapes, as aiohttp reads headers) are encoded one by one.
    """
    match = ADDRESS.fullmatch(url.strip())
    if match is None:
        scheme = url.strip().partition(":")[0][:20]
        raise FetchError(Outcome.BAD_URL, f"scheme {scheme!r}, not http or https")
    try:
        # host names go by other rules (IDNA)
        site = URL(f"{match[1]}://{match[2]}")
        host, port = site.host, site.port
        place = quote(match[3], safe=WRITTEN, errors="surrogateescape")
    except ValueError as error:
        raise FetchError(Outcome.BAD_URL, _brief(error)) from error
    if not host or not port or len(url) > LONGEST_URL:
        raise FetchError(Outcome.BAD_URL, "no host, port 0, or too long")
    if site.user is not None or site.password is not None:
        raise FetchError(Outcome.BAD_URL, "a user name or password in the address")
    slash = "" if place.startswith("/") else "/"
    return URL(f"{site.scheme}://{site.raw_authority}{slash}{place}", encoded=True)


def _joined(url: URL, target: str) -> str:
    try:
        return target if ADDRESS.match(target) else urljoin(str(url), target)
    except ValueError as error:
        raise FetchError(Outcome.BAD_URL, f"redirect: {_brief(error)}") from error


def _cookies(url: URL, trail: Sequence[Redirect]) -> dict[str, str]:
    """The redirects' cookies, for an address that would redirect for ever without, as headers."""
    if url not in [hop.source for hop in trail]:
        return {}
    jar = aiohttp.CookieJar(unsafe=True)  # unsafe: for servers without a name, too
    for hop in trail:
        jar.update_cookies(hop.cookies, hop.source)
    text = jar.filter_cookies(url).output([], "", ";").strip()
    return {"Cookie": text} if text else {}


def _trouble(error: Exception) -> FetchError:
    """The FetchError for an exception of aiohttp."""
    blocked = _cause(error)
    if blocked:
        return FetchError(Outcome.BLOCKED_ADDRESS, str(blocked))
    if isinstance(error, aiohttp.InvalidURL) or not isinstance(
        error, aiohttp.ClientError | OSError
    ):
        return FetchError(Outcome.BAD_URL, _brief(error))
    if isinstance(error, aiohttp.ClientPayloadError):
        return FetchError(Outcome.TRUNCATED, "the body ends early or is not well-formed")
    return FetchError(Outcome.CONNECTION_FAILED, _brief(error))


def _cause(error: BaseException | None) -> BlockedAddress | None:
    while error is not None and not isinstance(error, BlockedAddress):
        error = error.__cause__
    return error


def _brief(error: BaseException) -> str:
    # a response error's own text ends in the URL, and that may hold a key
    text = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    # the first line: what follows quotes the server's bytes
    lines = text.strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
