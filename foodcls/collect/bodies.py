"""Turns the chunks of a body into its bytes, unpacked, and never more of them than allowed."""

import zlib

from foodcls.collect.outcomes import Outcome, Trouble

PACKED = frozenset({"gzip", "x-gzip", "deflate"})
# zlib: find out from the stream whether it is gzip or zlib
EITHER = zlib.MAX_WBITS | 32


class Body:
    """Collects chunks; `encoding` is the Content-Encoding, `limit` counts unpacked bytes."""

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in PACKED | {"", "identity"}:
            raise Trouble(Outcome.NOT_AN_IMAGE, f"packed as {encoding[:40]!r}, not asked for")
        self._stream = zlib.decompressobj(EITHER) if encoding in PACKED else None
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Take the next chunk; Trouble as soon as the limit is passed."""
        data = self._unpacked(chunk) if self._stream else chunk
        self._size += len(data)
        if self._size > self._limit:
            raise Trouble(Outcome.TOO_LARGE, f"more than {self._limit} bytes")
        self._parts.append(data)

    def close(self) -> bytes:
        """All bytes; Trouble when there are none or a packed body is not whole."""
        if not self._size:
            raise Trouble(Outcome.EMPTY, "an empty body")
        if self._stream and not self._stream.eof:
            raise Trouble(Outcome.TRUNCATED, "the packed body ends early")
        return b"".join(self._parts)

    def _unpacked(self, chunk: bytes) -> bytes:
        assert self._stream is not None
        try:
            # one byte more than allowed tells a body at the limit from one beyond it
            return self._stream.decompress(chunk, self._limit - self._size + 1)
        except zlib.error as error:
            raise Trouble(Outcome.NOT_AN_IMAGE, f"not packed as it says: {error}") from error
