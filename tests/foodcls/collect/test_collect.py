"""Recipes' sources to manifests, against webs on loopback."""

import asyncio
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from foodcls.blocklist import Blocklist, Entry, plain_url
from foodcls.collect.collect import (
    Collected,
    CollectRequest,
    collect,
    save_collected,
)
from foodcls.collect.engines.base import Access
from foodcls.collect.rows import source_counts
from foodcls.errors import CollectError, TableError
from foodcls.manifest import COLUMNS, VOLATILE, save_manifest
from foodcls.recipe.data_settings import Collect, FoodClass
from foodcls.recipe.data_settings import Test as OutsideTest
from foodcls.sample.http_server import serve_hosts
from foodcls.split.test_groups import group_tests
from foodcls.store.store import Store, digest_of

CLASSES = (FoodClass(name="rice", queries=("rice",)), FoodClass(name="beans", queries=("beans",)))


@pytest.fixture
def gather(store: Store) -> Callable[..., Collected]:
    def run(more: Any = None, **settings: Any) -> Collected:
        base = {"allow_private_hosts": True, "min_per_class": 0, "retries": 0, "timeout": 5.0}
        return collect(CollectRequest(CLASSES, Collect(**base | settings), **(more or {})), store)

    return run


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: tuple[str, str]) -> Path:
        path = tmp_path / "urls.csv"
        path.write_text("label,url\n" + "".join(f"{label},{url}\n" for label, url in rows))
        return path

    return write


def test_every_row_of_a_table_ends_as_one_row(web, gather, table, picture, store) -> None:
    good, same = web.say("/1", picture(1)), web.say("/2", picture(1))
    path = table(
        ("beans", good),
        ("beans", same),
        ("rice", good),
        ("pizza", good),
        ("beans", good),
        ("beans", web.url("/missing")),
        ("rice", ""),
    )
    manifest = gather(urls=path).manifest
    assert list(manifest.columns) == list(COLUMNS)
    shown = manifest[["label", "rank", "outcome", "state"]].itertuples(index=False, name=None)
    assert list(shown) == [
        ("rice", 3, "ok", "kept"),
        ("rice", 7, "bad_url", "dropped"),
        ("beans", 1, "ok", "kept"),
        ("beans", 2, "same_content", "dropped"),
        ("beans", 5, "same_url", "dropped"),
        ("beans", 6, "http_error", "dropped"),
        ("pizza", 4, "unknown_label", "dropped"),
    ]
    assert set(manifest["source"]) == {"urls"}
    assert store.read(manifest.loc[0, "id"]) == picture(1)
    dropped = manifest[manifest["state"] == "dropped"]
    assert set(dropped["stage"]) == {"collect"} and (dropped["reason"] != "").all()
    assert web.hits["/1"] == 1


@pytest.fixture
def openverse(web) -> Callable[..., dict[str, Any]]:
    """Let the web answer as Openverse: a picture for each path, with its licence."""

    def serve(**licences: str) -> dict[str, Any]:
        results = [
            {
                "url": web.url(f"/{path}"),
                "creator": "Wēi",
                "license": code,
                "license_version": "4.0",
            }
            for path, code in licences.items()
        ]
        web.say("/v1/images/", json.dumps({"page_count": 1, "results": results}).encode())
        return {"access": Access(bases=(("openverse", web.url("")),))}

    return serve


def test_several_sources_go_together_and_each_row_tells_its_own(
    web, gather, table, picture, openverse, tmp_path
) -> None:
    (tmp_path / "photos" / "rice").mkdir(parents=True)
    (tmp_path / "photos" / "rice" / "own.png").write_bytes(picture(1))
    paths = {web.say(f"/{name}", picture(seed)) for seed, name in enumerate("abc", start=1)}
    listed = table(("rice", web.url("/b")))
    asked = openverse(a="by", b="by", c="by")
    manifest = gather(
        asked, engines=("openverse",), urls=listed, folder=tmp_path / "photos"
    ).manifest
    rice = manifest[manifest["label"] == "rice"]
    shown = rice[["source", "outcome"]].itertuples(index=False, name=None)
    assert list(shown) == [
        ("folder", "ok"),
        ("urls", "ok"),
        ("openverse", "same_content"),
        ("openverse", "same_url"),
        ("openverse", "ok"),
    ]
    # who was found twice keeps both origins, and the own photo is the one that stays
    twice = rice[rice["id"] == rice.iloc[0]["id"]]
    assert list(twice["origin"]) == ["rice/own.png", web.url("/a")]
    assert list(twice["duplicate_of"]) == ["", rice.iloc[0]["id"]]
    assert set(paths) == set(rice["origin"][1:])
    # rice's were fetched for rice; beans were asked for by the same engine
    assert source_counts(rice) == [
        {"source": "folder", "found": 1, "arrived": 1, "kept": 1},
        {"source": "urls", "found": 1, "arrived": 1, "kept": 1},
        {"source": "openverse", "found": 3, "arrived": 2, "kept": 1},
    ]


def test_what_is_not_proven_to_have_a_wanted_licence_is_not_fetched(
    web, gather, table, picture, openverse, tmp_path
) -> None:
    (tmp_path / "photos" / "rice").mkdir(parents=True)
    (tmp_path / "photos" / "rice" / "own.png").write_bytes(picture(9))
    for seed, path in enumerate(("a", "b", "c", "d")):
        web.say(f"/{path}", picture(seed))
    asked = openverse(a="by", b="by-nc", c="mystery")
    manifest = gather(
        asked,
        engines=("openverse",),
        urls=table(("rice", web.url("/d"))),
        folder=tmp_path / "photos",
        licences=("by", "by-sa"),
    ).manifest
    rice = manifest[manifest["label"] == "rice"].set_index("origin")
    told = {path: tuple(rice.loc[web.url(f"/{path}"), ["outcome", "detail"]]) for path in "abcd"}
    assert told == {
        "a": ("ok", ""),
        "b": ("unlicensed", "CC-BY-NC-4.0 is none of by, by-sa"),
        "c": ("unlicensed", "mystery is none of by, by-sa"),
        "d": ("unlicensed", "its source tells no licence"),
    }
    assert not web.hits["/b"] + web.hits["/c"] + web.hits["/d"]
    assert rice.loc["rice/own.png", "state"] == "kept"
    search = next(talk.path for talk in web.talks if talk.path.startswith("/v1/images/"))
    assert parse_qs(urlsplit(search).query)["license"] == ["by,by-sa"]


def test_a_filter_of_an_engine_is_no_proof(web, gather) -> None:
    page = f"""<a m='{{"murl": "{web.url("/a")}"}}'></a>""".encode()
    web.say("/images/async", page)
    access = Access(bases=(("bing", web.url("")),))
    manifest = gather(
        {"access": access}, engines=("bing",), licence="commercial,modify", licences=("by",)
    ).manifest
    assert set(manifest["outcome"]) == {"unlicensed"}
    assert set(manifest["licence_by"]) == {"filter"} and not web.hits["/a"]


def test_licence_and_author_stand_in_the_row_and_live_through_a_replay(
    web, gather, picture, openverse, tmp_path
) -> None:
    web.say("/a", picture(1))
    first = gather(openverse(a="by"), engines=("openverse",)).manifest
    path = tmp_path / "manifest.csv"
    first.to_csv(path, index=False)
    names = ["licence", "licence_by", "author", "source"]
    for manifest in (first, gather(urls=path, licences=("by",)).manifest):
        assert list(manifest.loc[0, names]) == ["CC-BY-4.0", "source", "Wēi", "openverse"]
        assert manifest.loc[0, "outcome"] == "ok" and manifest.loc[0, "fetched_at"]


def test_a_replay_asks_for_the_permission_that_the_engine_asks_for(
    web, gather, picture, openverse, tmp_path
) -> None:
    web.say("/a", picture(1))
    first = gather(openverse(a="by"), engines=("openverse",)).manifest
    path = tmp_path / "manifest.csv"
    first.assign(source="pexels").to_csv(path, index=False)
    with pytest.raises(
        CollectError, match=r"pexels, which forbids .* add pexels to collect.permit"
    ):
        gather(urls=path)
    permitted = gather({"access": Access(permitted=("pexels",))}, urls=path).manifest
    assert permitted.loc[0, "outcome"] == "ok" and web.hits["/a"] == 1


def test_the_manifest_does_not_depend_on_who_answers_first(
    web, gather, table, picture, tmp_path
) -> None:
    async def slow(talk) -> None:
        await asyncio.sleep(0.2)
        await talk.reply(picture(1))

    path = table(("rice", web.url("/1")), ("rice", web.url("/2")))
    digests = []
    for turn, first in enumerate(("/1", "/2")):
        web.say("/1", picture(1))
        web.say("/2", picture(1))
        web.route(first, slow)
        request = CollectRequest(
            CLASSES, Collect(urls=path, allow_private_hosts=True, min_per_class=0)
        )
        store = Store(tmp_path / str(turn))
        digests.append(save_manifest(collect(request, store).manifest, store, "collect").digest)
    assert digests[0] == digests[1]


def test_a_second_run_gives_the_same_manifest_and_asks_nobody(web, gather, table, picture) -> None:
    path = table(*[("rice", web.say(f"/{number}", picture(number))) for number in range(5)])
    first = gather(urls=path).manifest
    hits = web.hits.copy()
    pd.testing.assert_frame_equal(gather(urls=path).manifest, first)
    assert web.hits == hits


def test_trouble_that_may_pass_is_counted_and_only_that_is_asked_again(
    web, gather, table, picture, store
) -> None:
    async def later(talk) -> None:
        if talk.number == 1:
            await talk.reply(status="503 Busy", Retry_After="86400")
        else:
            await talk.reply(picture(3))

    async def hang_up(talk) -> None:
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort")

    paths = {"/1": web.say("/1", picture(1)), "/gone": web.say("/gone", b"", "404 Gone"),
             "/html": web.say("/html", b"<html>"), "/later": web.route("/later", later),
             "/cut": web.route("/cut", hang_up)}  # fmt: skip
    path = table(*(("rice", url) for url in (*paths.values(), "http://")), ("pizza", "http://x"))
    lost = save_collected(gather(urls=path), store)
    assert (lost.passing, lost.kept) == (2, 1)
    found = save_collected(gather({"access": Access(retrying=True)}, urls=path), store)
    assert (found.passing, found.kept) == (1, 2)
    assert web.hits == {"/1": 1, "/gone": 1, "/html": 1, "/later": 2, "/cut": 2}


def test_a_broken_table_is_refused_before_any_request(web, gather, tmp_path) -> None:
    path = tmp_path / "urls.csv"
    path.write_text(f"dish,url\nrice,{web.url('/1')}\n")
    with pytest.raises(TableError, match="urls.csv"):
        gather(urls=path)
    assert not web.hits


def test_folders_and_a_test_set_become_rows(gather, tmp_path, picture) -> None:
    for place, seed in (("photos/rice/a.jpg", 1), ("photos/beans/b.jpg", 2), ("set/rice/c.jpg", 1),
                        ("own/rice/1/d.jpg", 1)):  # fmt: skip
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(picture(seed))
    folders = {"test_folder": tmp_path / "set", "own_folder": tmp_path / "own"}
    manifest = gather(folders, folder=tmp_path / "photos").manifest
    shown = manifest[["label", "source", "split", "state"]].itertuples(index=False, name=None)
    assert list(shown) == [
        ("rice", "folder", "", "kept"),
        ("rice", "test", "test", "kept"),
        ("rice", "own", "", "kept"),
        ("beans", "folder", "", "kept"),
    ]
    assert manifest.loc[1, "id"] == digest_of(picture(1))


def test_the_same_pictures_elsewhere_are_the_same_dataset_in_the_same_groups(
    gather, store, tmp_path, picture
) -> None:
    for seed, place in enumerate(("photos/rice/a.jpg", "set/rice/1/c.jpg", "set/beans/t\n2/d.jpg")):
        (tmp_path / "here" / place).parent.mkdir(parents=True)
        (tmp_path / "here" / place).write_bytes(picture(seed))
    for folder in ("photos", "set"):
        shutil.copytree(tmp_path / "here" / folder, tmp_path / "moved" / f"my {folder}")
    places = [("here/photos", "here/set"), ("moved/my photos", "moved/my set")]
    tables = [gather({"test_folder": tmp_path / test}, folder=tmp_path / photos).manifest
              for photos, test in places]  # fmt: skip
    here, moved = (save_manifest(table, store, "collect").digest for table in tables)
    assert here == moved
    # a workspace that was moved with its project holds the table of the place before
    settings = OutsideTest(folder=tmp_path / "moved" / "my set", grouped_by_folder=True)
    assert set(group_tests(tables[0], settings)["cluster"]) == {"", "rice/1", "beans/t\n2"}


def test_all_engines_contribute_in_their_order(web, gather, picture) -> None:
    web.say("/1.png", picture(1))
    web.say("/2.png", picture(2))
    bing = f"""<a m='{{"murl": "{web.url("/1.png")}", "purl": "http://p.test/"}}'></a>"""
    web.say("/images/async", f"<html>{bing}</html>".encode())
    data = ",".join(f'["{web.url(path)}",8,8]' for path in ("/1.png", "/2.png"))
    web.say("/search", f"<html><script>[{data}]</script></html>".encode())
    access = Access(bases=(("bing", web.url("")), ("google", web.url(""))))
    collected = gather({"access": access}, engines=("bing", "google"))
    rice = collected.manifest[collected.manifest["label"] == "rice"]
    shown = rice[["source", "rank", "outcome", "query"]].itertuples(index=False, name=None)
    assert list(shown) == [
        ("bing", 1, "ok", "rice"),
        ("google", 1, "same_url", "rice"),
        ("google", 2, "ok", "rice"),
    ]
    assert rice["page"].iloc[0] == "http://p.test/"
    assert [(one.engine, one.label, one.found) for one in collected.stats] == [
        ("bing", "rice", 1),
        ("google", "rice", 2),
        ("bing", "beans", 1),
        ("google", "beans", 2),
    ]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"<form id=captcha>", "200 OK", "consent or captcha page (page 1)"),
        (b"", "429 Slow down", "HTTP 429 (page 1)"),
        (b"", "403 Forbidden", "HTTP 403 (page 1)"),
        (b"<a m='{}'></a>", "200 OK", "a page of unknown shape: ValueError: 1 results without"),
        (b"<html>a page of tomorrow</html>", "200 OK", "no results"),
    ],
    ids=["captcha", "429", "403", "parse", "nothing"],
)
def test_an_engine_that_fails_is_reported_and_the_next_one_delivers(
    body: bytes, status: str, reason: str, web, gather, picture, caplog
) -> None:
    web.say("/images/async", body, status)
    found = f'["{web.say("/1.png", picture(1))}",8,8]'
    web.say("/search", f"<html><script>[{found}]</script></html>".encode())
    access = Access(bases=(("bing", web.url("")), ("google", web.url(""))))
    collected = gather({"access": access}, engines=("bing", "google"), min_per_class=1)
    told = [(one.engine, one.label, one.found) for one in collected.stats]
    assert told == [
        ("bing", "rice", 0),
        ("google", "rice", 1),
        ("bing", "beans", 0),
        ("google", "beans", 1),
    ]
    assert all(reason in one.reason for one in collected.stats if one.engine == "bing")
    assert caplog.text.count(f"bing, 2 queries ('rice', 'beans'): {reason}") == 1
    assert set(collected.manifest["source"]) == {"google"}


class CutOff(BaseException):
    """What ends a run in its middle."""


@pytest.mark.parametrize(("cut", "left"), [("", 2), ("search", 1), ("fetch", 0)])
def test_who_wants_engines_asked_again_has_them_asked_within_the_hour(
    cut: str, left: int, web, store, picture
) -> None:
    link = f"""<a m='{{"murl": "{web.say("/1.png", picture(1))}"}}'></a>"""
    web.say("/images/async", f"<html>{link}</html>".encode())
    access = Access(bases=(("bing", web.url("")),))
    settings = Collect(engines=("bing",), allow_private_hosts=True, min_per_class=0, per_query=1)

    def ask(*, again: bool = False, until: str = "") -> int:
        """Collect; how many result pages the web was asked for."""
        before = web.hits["/images/async"]

        def track(items: Any, total: int, label: str, forecast: Any = None) -> Any:
            for number, item in enumerate(items, start=1):
                yield item
                if label == until and number == 1:
                    raise CutOff

        request = CollectRequest(CLASSES, settings, access=access, search_again=again)
        with suppress(CutOff):
            collect(request, store, track)
        return web.hits["/images/async"] - before

    assert (ask(), ask(), ask(again=True)) == (2, 0, 2)
    # what a run that was cut off had been told is not asked a second time
    ask(again=True, until=cut)
    assert ask(again=True) == left
    assert (ask(again=True), web.hits["/1.png"]) == (2, 1)


def test_a_changed_results_page_is_an_error_that_says_so(web, gather) -> None:
    web.say("/images/async", b"<form id=captcha>")
    access = Access(bases=(("bing", web.url("")),))
    with pytest.raises(CollectError, match="captcha") as caught:
        gather({"access": access}, engines=("bing",), min_per_class=5)
    assert "rice: 0 found, 0 ok, 5 needed" in str(caught.value)


def test_engines_that_cannot_be_asked_stop_the_run_where_no_other_is_left(web, gather) -> None:
    access = Access(bases=tuple((engine, web.url("")) for engine in ("commons", "flickr")))
    with pytest.raises(CollectError, match="FLICKR_API_KEY"):
        gather({"access": access}, engines=("commons", "flickr"))
    assert not web.hits


def test_an_engine_that_cannot_be_asked_is_named_and_the_others_are_asked(
    web, gather, caplog
) -> None:
    web.say("/images/async", b"<html></html>")
    access = Access(bases=(("bing", web.url("")),))
    found = gather({"access": access}, engines=("bing", "flickr"))
    assert "the engine flickr needs a key" in caplog.text
    reasons = {one.engine: one.reason for one in found.stats}
    assert reasons["bing"] == "no results" and "FLICKR_API_KEY" in reasons["flickr"]
    assert set(web.hits) == {"/images/async"}


def test_a_run_below_the_floor_keeps_what_it_has(web, gather, table, picture) -> None:
    path = table(("rice", web.say("/1", picture(1))), ("beans", web.url("/missing")))
    with pytest.raises(CollectError, match="beans: 1 found, 0 ok, 1 needed; http_error 1"):
        gather(urls=path, min_per_class=1)
    hits = web.hits.copy()
    assert len(gather(urls=path).manifest) == 2
    assert web.hits == hits


def test_yields_are_told_before_anything_is_fetched(web, store, picture) -> None:
    link = f"""<a m='{{"murl": "{web.say("/1.png", picture(1))}"}}'></a>"""
    web.say("/images/async", f"<html>{link}</html>".encode())
    access = Access(bases=(("bing", web.url("")),))
    settings = Collect(engines=("bing",), allow_private_hosts=True, min_per_class=5)
    told = []

    def tell(stats: Any) -> None:
        told.extend((one.label, one.found, web.hits["/1.png"]) for one in stats)

    with pytest.raises(CollectError, match="fewer than 5"):
        collect(CollectRequest(CLASSES, settings, access=access), store, on_stats=tell)
    assert told == [("rice", 1, 0), ("beans", 1, 0)]


def test_progress_is_told(web, store, table, picture) -> None:
    path = table(("rice", web.say("/1", picture(1))), ("beans", web.say("/2", picture(2))))
    told = []

    def track(items: Any, total: int, label: str, forecast: Any = None) -> Any:
        told.append((label, total, forecast is not None))
        return iter(items)

    request = CollectRequest(CLASSES, Collect(urls=path, allow_private_hosts=True, min_per_class=0))
    collect(request, store, track)
    assert ("fetch", 2, True) in told


def test_a_sample_web_that_nobody_serves_is_an_error(store) -> None:
    settings = Collect(engines=("sample",), min_per_class=0)
    with pytest.raises(CollectError, match="nobody serves the sample web"):
        collect(CollectRequest((FoodClass(name="beans", queries=("beans",)),), settings), store)


@pytest.mark.parametrize("twice", [False, True])
def test_the_sample_web_is_an_engine_like_others(twice: bool, store) -> None:
    names = ("beans", "rabbit")
    classes = tuple(FoodClass(name=name, queries=(name,)) for name in names)
    settings = Collect(engines=("sample",), per_query=4, min_per_class=2)
    first = collect(CollectRequest(classes, settings, sample_web=serve_hosts), store).manifest
    assert first["origin"].str.startswith("http://sample.foodcls.test/img/").all()
    assert set(first["source"]) == {"sample"} and len(first) == 8
    if twice:
        again = collect(CollectRequest(classes, settings, sample_web=serve_hosts), store).manifest
        kept = first.drop(columns=VOLATILE)
        pd.testing.assert_frame_equal(again.drop(columns=VOLATILE), kept)


def test_a_forgotten_picture_comes_back_by_no_other_address(
    web, gather, table, picture, store
) -> None:
    path = table(("rice", web.say("/1", picture(1))), ("rice", web.say("/2", picture(2))))
    first = gather(urls=path).manifest
    barred = {"blocklist": Blocklist((Entry("id", first.loc[0, "id"]),))}
    table(("rice", web.url("/1")), ("rice", web.say("/3", picture(1))), ("rice", web.url("/2")))
    again = gather(barred, urls=path).manifest
    assert list(again["outcome"]) == ["forgotten", "forgotten", "ok"]
    assert not store.has(first.loc[0, "id"]) and store.has(first.loc[1, "id"])


def test_a_forgotten_address_is_not_asked_for_where_a_redirect_leads_to_it(
    web, other_web, gather, table, picture
) -> None:
    """What is there now may be another picture than the one that is known."""
    there = other_web.say("/1", picture(9))
    path = table(("rice", web.say("/to", b"", "302 Found", Location=there)),
                 ("rice", web.say("/2", picture(2))))  # fmt: skip
    manifest = gather(
        {"blocklist": Blocklist((Entry("url", plain_url(there)),))}, urls=path
    ).manifest
    assert list(manifest["outcome"]) == ["forgotten", "ok"] and not other_web.talks
    assert "was told to be forgotten (redirect 1)" in manifest.loc[0, "reason"]


def test_lists_and_folders_may_be_several_and_a_fault_names_its_own(
    web, gather, picture, tmp_path
) -> None:
    for name, seed in (("one", 1), ("two", 2)):
        (tmp_path / name / "rice").mkdir(parents=True)
        (tmp_path / name / "rice" / "p.png").write_bytes(picture(seed))
        url = web.say(f"/{name}", picture(seed))
        (tmp_path / f"{name}.csv").write_text(f"label,url\nrice,{url}\npizza,{url}\n")
    table = gather(
        urls=(tmp_path / "one.csv", tmp_path / "two.csv"),
        folder=(tmp_path / "one", tmp_path / "two"),
    ).manifest
    rows = table[table["label"] == "rice"]
    # who was found twice keeps both origins
    assert list(zip(rows["source"], rows["outcome"], strict=True)) == [
        ("folder", "ok"), ("folder", "ok"), ("urls", "same_content"), ("urls", "same_content")
    ]  # fmt: skip
    assert list(rows["origin"])[:3] == ["one/rice/p.png", "two/rice/p.png", web.url("/one")]
    assert list(table[table["label"] == "pizza"]["detail"].str.partition(",")[0]) == [
        "one.csv", "two.csv"
    ]  # fmt: skip


def test_downloads_are_reported_once_to_a_source_that_counts_them(web, gather, picture) -> None:
    places = [web.url("/photos/1/download?ixid=a"), web.url("/photos/2/download"),
              "https://elsewhere.test/3"]  # fmt: skip
    results = [
        {"urls": {"regular": web.say(f"/{n}", picture(n))}, "links": {"download_location": place}}
        for n, place in enumerate(places, start=1)
    ]
    web.say("/search/photos", json.dumps({"total_pages": 1, "results": results}).encode())
    web.say("/photos/1/download", b"{}")
    busy = web.say("/photos/2/download", b"", "503 Busy")
    keys = {"UNSPLASH_ACCESS_KEY": "sesame"}
    more = {"access": Access(keys, bases=(("unsplash", web.url("")),), permitted=("unsplash",))}
    gather(more, engines=("unsplash",))
    told = [talk for talk in web.talks if "/download" in talk.path]
    assert {talk.headers["authorization"] for talk in told} == {"Client-ID sesame"}
    assert sorted(talk.path for talk in told) == ["/photos/1/download?ixid=a", "/photos/2/download"]
    assert busy == web.say("/photos/2/download", b"{}")
    for _ in range(2):
        gather(more, engines=("unsplash",))
    # the one that was busy is told of again, and both then never more
    assert (web.hits["/photos/1/download"], web.hits["/photos/2/download"]) == (1, 2)
