import asyncio
import gzip
import tracemalloc
import zlib

import pytest

from foodcls.collect.http_client import Body, HttpClient, Redirect, parse_url
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import FetchError, Outcome


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nothing",
        "//host/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///x",
        "http://host:99999/",
        "http://host:0/",
        "http://[::1",
        "http://u:p@host/",
        "http://host/" + "a" * 9000,
        "http://\udcff.test/",
    ],
)
def test_what_cannot_be_asked_is_a_bad_url(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        parse_url(url)
    assert caught.value.outcome is Outcome.BAD_URL


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (" http://host/a b.jpg\n", "http://host/a%20b.jpg"),
        ("HTTP://Host/p\u00e2t\u00e9?q=1", "http://host/p%C3%A2t%C3%A9?q=1"),
        ("https://m\u00fcsli.test/", "https://xn--msli-0ra.test/"),
    ],
)
def test_addresses_as_people_write_them_can_be_asked(url: str, asked: str) -> None:
    assert str(parse_url(url)) == asked


@pytest.mark.parametrize(
    "url",
    [
        "http://host/%2F%27%40%3A%7E%2c?a=%2Fb%2B%3D&c=q|r+s%zz",
        "http://host/a~'(b)!*;x=1,2:@$?x=[1]&y=a/b?c&&z",
        "http://host:8080//double/./same/../dots/",
        "http://host/caf%E9.jpg#%41",
    ],
)
def test_an_address_is_sent_as_it_was_written(url: str) -> None:
    assert str(parse_url(url)) == url


def test_a_redirect_is_spelt_as_the_server_wrote_it(web, limits: Limits) -> None:
    async def visit(location: bytes) -> str:
        async def answer(talk) -> None:
            head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "
            await talk.send(head + location + b"\r\n\r\n")

        async with HttpClient(limits) as client:
            got = await client.get(web.route("/", answer), 5.0)
        assert isinstance(got, Redirect)
        return str(parse_url(got.url))

    there = {
        "/caf\u00e9.jpg".encode("latin-1"): web.url("/caf%E9.jpg"),
        "/caf\u00e9.jpg".encode(): web.url("/caf%C3%A9.jpg"),
        b"b%2Fc.jpg?s=%2B%27": web.url("/b%2Fc.jpg?s=%2B%27"),
        b"http://m\xc3\xbcsli.test/%40\xe9": "http://xn--msli-0ra.test/%40%E9",
    }
    assert [asyncio.run(visit(said)) for said in there] == list(there.values())


def test_a_visit_gives_the_body_or_where_it_went(web, limits: Limits) -> None:
    web.say("/here", b"the body")
    web.say("/gone", b"", "302 Found", Location="/here?x#y")

    async def visit(path: str) -> bytes | Redirect:
        async with HttpClient(limits) as client:
            return await client.get(web.url(path), 5.0)

    assert asyncio.run(visit("/here")) == b"the body"
    assert asyncio.run(visit("/gone")) == Redirect(web.url("/here?x#y"))


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


@pytest.mark.parametrize("step", [1, 7, 1000, 100_000])
@pytest.mark.parametrize("behind", [b"", b"\0" * 9, b"junk"], ids=["nothing", "zeros", "junk"])
def test_all_members_of_a_gzip_come_out_and_nothing_behind_them(step: int, behind: bytes) -> None:
    data = bytes(range(256)) * 4
    packed = b"".join(gzip.compress(part) for part in (data, b"", data)) + behind
    assert unpack(packed, "gzip", 2 * len(data), step) == data + data


def test_members_that_hold_too_much_or_go_on_for_ever_are_too_large() -> None:
    for packed in (gzip.compress(bytes(3000)) * 2, gzip.compress(b"") * 600):
        with pytest.raises(FetchError) as caught:
            unpack(packed, "gzip", 5000)
        assert caught.value.outcome is Outcome.TOO_LARGE


@pytest.mark.parametrize("word", ["none", "utf-8", "UTF8", "binary", "8bit", "image/jpeg"])
def test_a_word_that_names_no_compression_changes_nothing(word: str) -> None:
    assert unpack(b"as they came", word, 5000) == b"as they came"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["as is", "gzip"])
def test_one_byte_beyond_the_limit_is_too_large(pack: object) -> None:
    with pytest.raises(FetchError) as caught:
        unpack(pack(bytes(5001)), "" if pack is bytes else "gzip", 5000)
    assert caught.value.outcome is Outcome.TOO_LARGE


def test_a_bomb_is_never_unpacked(gzip_bomb: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(FetchError) as caught:
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
    with pytest.raises(FetchError) as caught:
        unpack(data, encoding, 5000)
    assert caught.value.outcome is outcome
