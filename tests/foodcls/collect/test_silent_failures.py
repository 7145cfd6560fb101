"""What icrawler loses in silence is loud here, or does not happen.

Pages without pictures, a logo in place of results, formats other than .jpg and raw keywords are in
test_recorded_pages.py; wrong filters are in test_registry.py.
"""

import asyncio
import logging
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from png_files import png_file

from foodcls.collect.collect import Collected, CollectRequest, collect
from foodcls.collect.fetch import fetch_all
from foodcls.collect.outcomes import Outcome
from foodcls.inspect.inspect import inspect
from foodcls.manifest import kept_rows
from foodcls.recipe.data_settings import Collect, FoodClass, Inspect
from foodcls.store.store import Store


@pytest.fixture
def gather(store: Store, tmp_path: Path) -> Callable[..., Collected]:
    """Collect pictures of rice from a list of addresses."""

    def run(*urls: str) -> Collected:
        path = tmp_path / "urls.csv"
        path.write_text("label,url\n" + "".join(f"rice,{url}\n" for url in urls))
        settings = Collect(urls=path, allow_private_hosts=True, min_per_class=0, retries=0)
        return collect(CollectRequest((FoodClass(name="rice"),), settings), store)

    return run


def bomb() -> bytes:
    """A PNG that says it has 30,000 x 30,000 pixels."""
    return png_file(30_000, 30_000, zlib.compress(bytes(10**6)))


def test_other_addresses_are_fetched_in_a_second_run(web, gather, picture) -> None:
    """icrawler passes over by number: the second list would look done (5)."""
    first = gather(*(web.say(f"/a{number}", picture(number)) for number in range(3))).manifest
    second = gather(*(web.say(f"/b{number}", picture(10 + number)) for number in range(3))).manifest
    assert list(second["outcome"]) == ["ok"] * 3
    assert not set(first["id"]) & set(second["id"])
    assert all(web.hits[f"/b{number}"] == 1 for number in range(3))


def test_a_store_is_made_where_there_is_none(web, limits, picture, tmp_path) -> None:
    """icrawler wants its folder to be there (6)."""
    store = Store(tmp_path / "no" / "such" / "folder")
    (fetched,) = fetch_all([web.say("/1", picture(1))], limits, store)
    assert store.read(fetched.id) == picture(1)


def test_many_slow_pictures_arrive_all_of_them(web, limits, store, picture) -> None:
    """icrawler counts idle time from the start of a thread: 8 slow pictures gave 3 (7)."""

    def slow(data: bytes) -> Any:
        async def answer(talk: Any) -> None:
            await asyncio.sleep(0.4)
            await talk.reply(data)

        return answer

    urls = [web.route(f"/{number}", slow(picture(number))) for number in range(8)]
    # one at a time: all of them take much longer than one may
    bounds = replace(limits, per_host=1, timeout=2.0)
    assert {one.outcome for one in fetch_all(urls, bounds, store)} == {Outcome.OK}


def test_half_a_picture_and_a_bomb_cost_a_row_each_and_no_other(
    web, gather, noise, encode, store
) -> None:
    """icrawler keeps the half (8), and loses all that comes after the bomb (9)."""
    whole = [encode(noise(seed, 160, 120), "JPEG") for seed in range(9)]
    bodies = [*whole[:3], whole[3][: len(whole[3]) // 2], bomb(), *whole[4:]]
    urls = [web.say(f"/{number}.jpg", body) for number, body in enumerate(bodies)]
    manifest = inspect(gather(*urls).manifest, store, Inspect(), "phash")
    assert list(manifest["outcome"]) == [
        *["ok"] * 3,
        "truncated",
        "too_many_pixels",
        *["ok"] * 5,
    ]
    assert len(kept_rows(manifest)) == 8


def test_what_is_not_there_or_no_picture_has_its_reason(web, gather) -> None:
    urls = [web.url("/missing.jpg"), web.say("/a.jpg", b"<html>sorry", Content_Type="image/jpeg")]
    manifest = gather(*urls).manifest
    assert list(manifest["outcome"]) == ["http_error", "not_an_image"]
    assert list(manifest["reason"])[0] == "http_error: HTTP 404"


def test_a_format_is_told_by_the_bytes(web, gather, noise, encode, store) -> None:
    """icrawler saves .webp and what has no ending as .jpg."""
    kinds = {"/a.jpg": "WEBP", "/b": "PNG", "/c.webp": "JPEG"}
    urls = [
        web.say(path, encode(noise(seed), kind)) for seed, (path, kind) in enumerate(kinds.items())
    ]
    manifest = inspect(gather(*urls).manifest, store, Inspect(), "phash")
    assert list(manifest["format"]) == ["WEBP", "PNG", "JPEG"]


def test_a_small_crawl_ends_when_it_is_done(web, gather, picture) -> None:
    """icrawler's threads wait five seconds for more."""
    url = web.say("/1", picture(1))
    started = time.monotonic()
    gather(url)
    assert time.monotonic() - started < 4


def test_the_callers_logging_stays_as_it_is(web, limits, store, picture) -> None:
    """icrawler sets up the root logger for everyone."""
    root = logging.getLogger()
    before = list(root.handlers), root.level
    settings = Collect(engines=("bing", "google"), min_per_class=0, retries=0, timeout=0.5)
    request = CollectRequest((FoodClass(name="rice", queries=("rice",)),), settings)
    # no leave for loopback, so nothing is asked
    access = replace(request.access, bases=(("bing", web.url("")), ("google", web.url(""))))
    found = collect(replace(request, access=access), store)
    assert all("127.0.0.1 is a loopback address" in one.reason for one in found.stats)
    assert (list(root.handlers), root.level) == before and not web.hits
