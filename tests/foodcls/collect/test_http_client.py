import asyncio

import pytest

from foodcls.collect.http_client import Moved, Wire, parse_url
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import Outcome, Trouble


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
    with pytest.raises(Trouble) as caught:
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


def test_a_visit_gives_the_body_or_where_it_went(web, limits: Limits) -> None:
    web.say("/here", b"the body")
    web.say("/gone", b"", "302 Found", Location="/here?x#y")

    async def visit(path: str) -> bytes | Moved:
        async with Wire(limits, {}) as wire:
            return await wire.visit(web.url(path), 5.0)

    assert asyncio.run(visit("/here")) == b"the body"
    assert asyncio.run(visit("/gone")) == Moved(web.url("/here?x#y"))
