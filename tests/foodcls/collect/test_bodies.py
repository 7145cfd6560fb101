import gzip
import tracemalloc
import zlib

import pytest

from foodcls.collect.bodies import Body
from foodcls.collect.outcomes import Outcome, Trouble


def unpack(data: bytes, encoding: str, limit: int, step: int = 1000) -> bytes:
    body = Body(encoding, limit)
    for start in range(0, len(data), step):
        body.add(data[start : start + step])
    return body.close()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zlib.compress], ids=["as is", "gzip", "z"])
def test_a_body_comes_out_as_it_was(pack: object) -> None:
    data = bytes(range(256)) * 40
    encoding = {bytes: "", gzip.compress: "GZIP", zlib.compress: "deflate"}[pack]
    assert unpack(pack(data), encoding, len(data), step=7) == data


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["as is", "gzip"])
def test_one_byte_beyond_the_limit_is_too_large(pack: object) -> None:
    with pytest.raises(Trouble) as caught:
        unpack(pack(bytes(5001)), "" if pack is bytes else "gzip", 5000)
    assert caught.value.outcome is Outcome.TOO_LARGE


def test_a_bomb_is_never_unpacked(gzip_bomb: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(Trouble) as caught:
        unpack(gzip_bomb, "gzip", 1_000_000, step=65_536)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.outcome is Outcome.TOO_LARGE
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("data", "encoding", "outcome"),
    [
        (gzip.compress(bytes(range(256)))[:-9], "gzip", Outcome.TRUNCATED),
        (b"not packed at all", "gzip", Outcome.NOT_AN_IMAGE),
        (b"whatever", "br", Outcome.NOT_AN_IMAGE),
        (b"", "", Outcome.EMPTY),
        (gzip.compress(b""), "gzip", Outcome.EMPTY),
    ],
    ids=["cut", "a lie", "not asked for", "empty", "packed nothing"],
)
def test_odd_bodies_have_their_verdict(data: bytes, encoding: str, outcome: Outcome) -> None:
    with pytest.raises(Trouble) as caught:
        unpack(data, encoding, 5000)
    assert caught.value.outcome is outcome
