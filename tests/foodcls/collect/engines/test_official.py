"""Official interfaces, by answers in their documented shape, served on loopback to the real code.

The answers are written here, after the interfaces' public documentation; no interface was asked.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from foodcls.collect.engines.answers import candidate, read_answer
from foodcls.collect.engines.base import Access, Question
from foodcls.collect.engines.licences import short_name, spdx
from foodcls.collect.engines.official import Api
from foodcls.collect.engines.registry import ENGINES, page_urls
from foodcls.collect.outcomes import Outcome, Response
from foodcls.collect.rate_limits import RateLimits
from foodcls.collect.search import SearchResult, search_all

KEYS = {
    name: f"sesame-{number}"
    for number, name in enumerate(name for one in ENGINES.values() for name in one.terms.keys)
}
TITLE = "Mac & cheese #1 – pâté, 麻婆豆腐, كسكس, 🍝"
DEED = "https://creativecommons.org/licenses/by-sa/4.0"


@dataclass(frozen=True)
class Shape:
    """How an interface answers: a picture, a page of them, an error; and where it is asked."""

    path: str
    keyword: str  # the word of the address with the query
    picture: Callable[[str, int], dict[str, Any]]  # by address and number
    page: Callable[[list[Any], int, int], Any]  # of pictures, its number, and of how many
    number: Callable[[dict[str, list[str]]], int]  # of the page that words of an address ask for
    unknown: dict[str, Any]  # what has a licence of an unknown name in place of its own
    licence: str  # of `picture`
    author: str = TITLE
    shows: str = "https://site.test/{}"  # the page that shows a picture


def by_page(words: dict[str, list[str]]) -> int:
    return int(words.get("page", ["1"])[0])


def commons_picture(url: str, number: int) -> dict[str, Any]:
    meta = {
        "LicenseShortName": {"value": "CC BY-SA 4.0", "source": "commons-desc-page"},
        "LicenseUrl": {"value": DEED, "source": "commons-desc-page"},
        "Artist": {"value": f'<a href="//x">{TITLE.replace("&", "&amp;")}</a>', "source": "c"},
    }
    info = {"thumburl": url, "url": f"{url}?original", "mime": "image/jpeg", "width": 8000}
    info |= {"descriptionurl": f"https://site.test/{number}", "extmetadata": meta}
    head = {"pageid": number, "ns": 6, "title": f"File:{TITLE}.jpg", "index": number}
    return head | {"imageinfo": [info]}


def commons_page(pictures: list[Any], number: int, pages: int) -> Any:
    if not pictures:
        return {"batchcomplete": True}
    more = {"continue": {"gsroffset": number * 50, "continue": "gsroffset||"}}
    answer = {"batchcomplete": True, "query": {"pages": pictures[::-1]}}
    return answer | (more if number < pages else {})


SHAPES = {
    "commons": Shape(
        "/w/api.php",
        "gsrsearch",
        commons_picture,
        commons_page,
        lambda words: int(words.get("gsroffset", ["0"])[0]) // 50 + 1,
        {"imageinfo": [{"url": "@", "extmetadata": {"LicenseShortName": {"value": "Copyleft"}}}]},
        "CC-BY-SA-4.0",
    ),
    "openverse": Shape(
        "/v1/images/",
        "q",
        lambda url, number: {
            "id": str(number),
            "title": TITLE,
            "url": url,
            "creator": TITLE,
            "license": "by-sa",
            "license_version": "4.0",
            "license_url": f"{DEED}/",
            "foreign_landing_url": f"https://site.test/{number}",
        },
        lambda pictures, number, pages: {
            "result_count": len(pictures) * pages,
            "page_count": pages,
            "page_size": 20,
            "page": number,
            "results": pictures,
        },
        by_page,
        {"license": "Copyleft", "license_version": None, "license_url": None},
        "CC-BY-SA-4.0",
    ),
    "flickr": Shape(
        "/services/rest/",
        "text",
        lambda url, number: {
            "id": str(number),
            "owner": "o",
            "ownername": TITLE,
            "title": TITLE,
            "license": "5",
            "url_l": url,
        },
        lambda pictures, number, pages: {
            "stat": "ok",
            "photos": {"page": number, "pages": pages, "photo": pictures},
        },
        by_page,
        {"license": "Copyleft"},
        "CC-BY-SA-2.0",
        shows="https://www.flickr.com/photos/o/{}",
    ),
}
SHAPES |= {
    "inaturalist": Shape(
        "/v1/observations",
        "taxon_name",
        lambda url, number: {
            "id": number,
            "uri": f"https://site.test/{number}",
            "user": {"login": "someone", "name": TITLE},
            "photos": [{"id": number, "license_code": "cc-by-sa", "url": url}],
        },
        lambda pictures, number, pages: {
            "total_results": 100 * (pages - 1) + len(pictures),
            "page": number,
            "per_page": 100,
            "results": pictures,
        },
        by_page,
        {"photos": [{"id": 1, "license_code": "Copyleft", "url": "@"}]},
        "CC-BY-SA-4.0",
    ),
    "brave": Shape(
        "/res/v1/images/search",
        "q",
        lambda url, number: {
            "type": "image_result",
            "title": TITLE,
            "url": f"https://site.test/{number}",
            "thumbnail": {"src": "https://imgs.test/thumbnail", "width": 500},
            "properties": {"url": url, "width": None},
        },
        lambda pictures, number, pages: {"type": "images", "results": pictures},
        by_page,
        {},
        "",
        author="",
    ),
    "pexels": Shape(
        "/v1/search",
        "query",
        lambda url, number: {
            "id": number,
            "url": f"https://site.test/{number}",
            "photographer": TITLE,
            "src": {"original": f"{url}?original", "large2x": url},
        },
        lambda pictures, number, pages: {
            "page": number,
            "per_page": 80,
            "total_results": 80 * (pages - 1) + len(pictures),
            "photos": pictures,
        },
        by_page,
        {},
        "Pexels",
    ),
    "pixabay": Shape(
        "/api/",
        "q",
        lambda url, number: {
            "id": number,
            "pageURL": f"https://site.test/{number}",
            "webformatURL": f"{url}?small",
            "largeImageURL": url,
            "user": TITLE,
        },
        lambda pictures, number, pages: {
            "total": 9_000,
            "totalHits": 200 * (pages - 1) + len(pictures),
            "hits": pictures,
        },
        by_page,
        {},
        "Pixabay",
    ),
    "unsplash": Shape(
        "/search/photos",
        "query",
        lambda url, number: {
            "id": str(number),
            "urls": {"regular": url, "full": f"{url}?full"},
            "links": {"html": f"https://site.test/{number}"},
            "user": {"name": TITLE, "username": "someone"},
        },
        lambda pictures, number, pages: {
            "total": 30 * pages,
            "total_pages": pages,
            "results": pictures,
        },
        by_page,
        {},
        "Unsplash",
    ),
}
# all but what gives all in one answer
PAGED = pytest.mark.parametrize("name", [name for name in SHAPES if name != "brave"])
EACH = pytest.mark.parametrize("name", SHAPES)


@pytest.fixture
def ask(web, limits, store) -> Callable[..., SearchResult]:
    def search(name: str, limit: int = 50, query: str = TITLE, **access: Any) -> SearchResult:
        words = {"keys": KEYS, "contact": "me@example.org", "permitted": tuple(ENGINES)} | access
        bounds = replace(limits, contact=words["contact"])
        reached = Access(**words, bases=((name, web.url("")),))
        (found,) = search_all([Question(name, "dish", query, limit)], reached, bounds, store)
        return found

    web.say("/v1/auth_tokens/token/", b'{"access_token": "open", "expires_in": 43200}')
    return search


@pytest.fixture
def serve(web) -> Callable[..., None]:
    """Answer an interface's questions with pages of pictures, by their numbers."""

    def answer_with(name: str, pages: list[list[int]], **changes: Any) -> None:
        shape = SHAPES[name]

        async def answer(talk: Any) -> None:
            number = shape.number(parse_qs(urlsplit(talk.path).query))
            numbers = pages[number - 1] if number <= len(pages) else []
            pictures = [shape.picture(f"http://p.test/{one}.jpg", one) for one in numbers]
            # of the first alone, so that the others show that nothing more is lost
            pictures[:1] = [one | changes for one in pictures[:1]]
            body = shape.page(pictures, number, len(pages))
            await talk.reply(json.dumps(body).encode())

        web.route(shape.path, answer)

    return answer_with


def urls(found: SearchResult) -> list[str]:
    return [one.url for one in found.candidates]


def test_every_official_interface_is_proven_here() -> None:
    assert set(SHAPES) == {name for name, one in ENGINES.items() if isinstance(one, Api)}


@PAGED
def test_pages_are_read_to_the_last_and_no_further(name: str, web, serve, ask) -> None:
    serve(name, [[1, 2], [3, 4], [5]])
    found = ask(name)
    assert urls(found) == [f"http://p.test/{number}.jpg" for number in range(1, 6)]
    assert (found.stats.pages, found.stats.reason) == (3, "no more results")
    assert web.hits[SHAPES[name].path] == 3
    talks = [talk for talk in web.talks if talk.path.startswith(SHAPES[name].path)]
    for talk in talks:
        asked = parse_qs(urlsplit(talk.path).query)[SHAPES[name].keyword][0]
        assert asked.startswith(TITLE)
        assert "me@example.org" in talk.headers["user-agent"]


@PAGED
def test_no_more_is_asked_for_than_is_wanted(name: str, web, serve, ask) -> None:
    serve(name, [[1, 2], [3, 4], [5]])
    assert len(urls(ask(name, limit=3))) == 3
    assert web.hits[SHAPES[name].path] == 2


@EACH
def test_a_picture_comes_with_page_licence_and_author_in_any_script(name: str, serve, ask) -> None:
    serve(name, [[7]])
    (found,) = ask(name).candidates
    shape = SHAPES[name]
    assert (found.licence, found.page) == (shape.licence, shape.shows.format(7))
    assert found.author == shape.author


@EACH
def test_nothing_found_is_no_trouble(name: str, serve, ask) -> None:
    serve(name, [])
    assert (ask(name).candidates, ask(name).stats.reason) == ((), "no results")


@PAGED
def test_results_that_show_again_on_the_next_page_count_once(name: str, web, serve, ask) -> None:
    serve(name, [[1, 2], [2, 3], [1, 2, 3], [4]])
    assert urls(ask(name)) == [f"http://p.test/{number}.jpg" for number in (1, 2, 3)]
    # a page without a new picture is the last
    assert web.hits[SHAPES[name].path] == 3


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.unknown])
def test_a_licence_of_unknown_name_is_told_as_it_is(name: str, serve, ask) -> None:
    shape = SHAPES[name]
    serve(name, [[1, 2]], **json.loads(json.dumps(shape.unknown).replace("@", "http://p.test/u")))
    told = [one.licence for one in ask(name).candidates]
    assert "Copyleft" in told[0] and told[1] == shape.licence


@EACH
def test_a_result_without_its_fields_is_passed_over(name: str, web, ask) -> None:
    shape = SHAPES[name]
    head = {"index": 0} if name == "commons" else {}
    whole = shape.picture("http://p.test/2.jpg", 2)
    bare = {field: None for field in whole} | head
    body = shape.page([head, bare, whole], 1, 1)
    web.say(shape.path, json.dumps(body).encode())
    found = ask(name)
    assert (urls(found), found.stats.reason) == (["http://p.test/2.jpg"], "no more results")


@EACH
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html><h1>Service overloaded</h1></html>", "a page of unknown shape: JSONDecodeError"),
        (b'{"hello": "world"}', "a page of unknown shape: KeyError"),
        (b"[]", "a page of unknown shape: "),
        (b"null", "a page of unknown shape: TypeError"),
        (b"<html>please solve this captcha", "consent or captcha page"),
    ],
    ids=["error page", "changed", "list", "null", "captcha"],
)
def test_an_answer_in_another_shape_is_named(name: str, body: bytes, reason: str, web, ask) -> None:
    web.say(SHAPES[name].path, body)
    found = ask(name)
    assert found.candidates == () and found.stats.reason.startswith(reason)


@EACH
def test_results_that_name_pictures_elsewhere_are_a_change(name: str, web, ask) -> None:
    pictures = [{"index": number, "renamed": "http://p.test/1.jpg"} for number in (1, 2)]
    web.say(SHAPES[name].path, json.dumps(SHAPES[name].page(pictures, 1, 1)).encode())
    assert "2 results without an address" in ask(name).stats.reason


@EACH
def test_a_rate_limit_is_heeded(name: str, web, serve, ask, limit_rate) -> None:
    serve(name, [[1]])
    path = SHAPES[name].path
    reason, asked = limit_rate(path)
    found = ask(name)
    assert found.stats.reason == (reason or "no more results")
    assert web.hits[path] == asked


KEYED = pytest.mark.parametrize(
    "name", [name for name in SHAPES if ENGINES[name].terms.keys]
)  # fmt: skip


@KEYED
@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden"])
def test_a_key_that_does_not_hold_is_named_with_where_to_get_one(
    name: str, status: str, web, ask, caplog
) -> None:
    web.say(SHAPES[name].path, b'{"error": "invalid key"}', status)
    reason = ask(name).stats.reason
    terms = ENGINES[name].terms
    assert terms.keys[0] in reason and terms.key_page in reason and status[:3] in reason
    assert "sesame" not in reason + caplog.text


@KEYED
def test_a_key_that_is_not_given_is_asked_for(name: str, web, serve, ask) -> None:
    serve(name, [[1]])
    found = ask(name, keys={})
    terms = ENGINES[name].terms
    if terms.needs_key:
        assert terms.keys[0] in found.stats.reason and not web.hits
    else:
        assert len(found.candidates) == 1


@KEYED
def test_a_key_goes_to_its_own_server_alone(name: str, web, other_web, ask) -> None:
    """Wherever that redirects, also when the key is no part of the address."""
    web.say(SHAPES[name].path, b"", "302 Found", Location=other_web.url("/elsewhere"))
    other_web.say("/elsewhere", b"{}")
    ask(name)
    assert other_web.talks and "sesame" not in str(other_web.talks[0].headers)
    assert "open" not in str(other_web.talks[0].headers.get("authorization"))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each field and item within a JSON value, by what holds it and its name or number."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in list(inner):
        yield value, name
        yield from places(one) if isinstance(one, dict | list) else ()


HOSTILE = [None, True, -1, float("inf"), float("nan"), 10**40, "", "\ud800\u202e\x1b[31m\n<b>|",
           "x" * 5_000, [], [[]], {}, {"value": {}}]  # fmt: skip


@EACH
def test_no_field_of_another_type_ends_a_run_or_spoils_the_other_pictures(name: str) -> None:
    shape, url = SHAPES[name], "http://a.test/api?page=1"
    count = 0
    for value in HOSTILE:
        whole = [shape.picture(f"http://p.test/{number}.jpg", number) for number in (1, 2)]
        body = shape.page(whole, 1, 3)
        for holder, field in list(places(body)):
            before, holder[field] = holder[field], value
            text = json.dumps(body).encode()
            read = read_answer(name, Response(url, url, Outcome.OK, "", 1, text))
            hits, following, reason, _ = read
            holder[field] = before
            for hit in hits:
                one = candidate(Question(name, "dish", "soup", 5), 1, hit)
                assert all(str(word).isprintable() for word in asdict(one).values())
                assert all(len(str(word)) < 20_000 for word in asdict(one).values())
            assert reason.isprintable() and (hits or reason or not value)
            assert following == "" or following.startswith("http://a.test/api?")
            # whatever one of two pictures is like
            if any(field is holder for field, _ in places(whole[0])):
                assert "http://p.test/2.jpg" in [hit["file_url"] for hit in hits]
            count += 1
    assert count > 100


@PAGED
def test_an_interface_that_never_ends_is_asked_no_more_than_it_has_to_be(name, web, ask) -> None:
    shape = SHAPES[name]

    async def answer(talk: Any) -> None:
        number = shape.number(parse_qs(urlsplit(talk.path).query))
        picture = shape.picture(f"http://p.test/{number}.jpg", number)
        await talk.reply(json.dumps(shape.page([picture], number, 10**9)).encode())

    web.route(shape.path, answer)
    assert len(urls(ask(name, limit=7))) == 7 == web.hits[shape.path]


@pytest.mark.parametrize("packed", [False, True])
def test_no_more_is_read_of_an_answer_than_a_page_may_have(
    packed: bool, web, ask, gzip_bomb: bytes
) -> None:
    """100 MB of JSON as they are, and 200 MB in a few."""
    sent = 0

    async def answer(talk: Any) -> None:
        nonlocal sent
        if packed:
            await talk.reply(gzip_bomb, Content_Encoding="gzip")
            return
        await talk.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[")
        for _ in range(1_000):
            await talk.send(b" " * 100_000)
            sent += 100_000

    web.route(SHAPES["openverse"].path, answer)
    assert "more than 5000000 bytes" in ask("openverse", keys={}).stats.reason
    assert sent < 15e6


@KEYED
def test_a_key_is_not_told_to_where_an_interface_or_its_login_redirects(
    name: str, web, other_web, ask
) -> None:
    """Also by another name of the same machine, and where a body is posted."""
    for path in (SHAPES[name].path, "/v1/auth_tokens/token/"):
        for place in (other_web.url("/elsewhere"), web.url("/elsewhere", "localhost")):
            web.say(path, b"", "307 Temporary Redirect", Location=place)
            ask(name, query=f"soup {place}")
    told = [talk for talk in (*other_web.talks, *web.talks) if talk.path == "/elsewhere"]
    assert len(told) >= 2
    for talk in told:
        assert talk.method == "GET" and "authorization" not in talk.headers
        assert "sesame" not in f"{talk.path} {talk.headers}"


def test_commons_is_not_asked_without_a_contact(web, serve, ask) -> None:
    serve("commons", [[1]])
    found = ask("commons", contact="")
    assert "FOODCLS_CONTACT" in found.stats.reason and not web.hits


def test_commons_says_its_own_errors(web, ask) -> None:
    error = {"code": "maxlag", "info": "Waiting for a database server: 6 seconds lagged."}
    web.say("/w/api.php", json.dumps({"error": error}).encode())
    assert "Commons says 'Waiting for a database" in ask("commons").stats.reason


def test_commons_brings_later_what_an_answer_had_no_room_for(web, ask) -> None:
    whole = [commons_picture(f"http://p.test/{number}.jpg", number) for number in (1, 2)]
    bare = {field: value for field, value in whole[1].items() if field != "imageinfo"}
    full = {"query": {"pages": [whole[0], bare]}, "continue": {"iistart": "2026", "continue": "x"}}
    rest = {"batchcomplete": True, "query": {"pages": [{**whole[0], "imageinfo": []}, whole[1]]}}

    async def answer(talk: Any) -> None:
        await talk.reply(json.dumps(rest if "iistart=2026" in talk.path else full).encode())

    web.route("/w/api.php", answer)
    assert urls(ask("commons")) == ["http://p.test/1.jpg", "http://p.test/2.jpg"]


def test_a_registered_client_of_openverse_gets_a_token_of_its_id_and_secret(
    web, serve, ask
) -> None:
    serve("openverse", [[1]])
    ask("openverse")
    login, search = web.talks
    assert (login.method, login.path) == ("POST", "/v1/auth_tokens/token/")
    assert "authorization" not in login.headers
    assert search.headers["authorization"] == "Bearer open"


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"[" * 200_000, b'{"access_token": null}'])
def test_a_login_that_gives_no_token_is_named(body: bytes, web, ask) -> None:
    web.say("/v1/auth_tokens/token/", body)
    assert ask("openverse").stats.reason == "no login: an answer without a token"
    assert SHAPES["openverse"].path not in web.hits


def test_the_limit_of_a_day_holds_over_runs(web, serve, limits, store) -> None:
    serve("openverse", [[1]])
    now = [1_000_000.0]
    bounds = replace(limits, clock=lambda: now[0])
    access = Access(bases=(("openverse", web.url("")),))

    def spend(count: int, first: int) -> list[str]:
        asked = [Question("openverse", "dish", f"soup {first + n}", 5) for n in range(count)]
        return [one.stats.reason for one in search_all(asked, access, bounds, store)]

    RateLimits(access, store, bounds.clock).add("openverse", 197)
    spend(1, 0)
    reasons = spend(4, 1000)
    assert sum("its 200 requests are used up" in reason for reason in reasons) == 2
    assert web.hits["/v1/images/"] == 3
    web.say("/v1/images/", b"", "503 Busy")
    now[0] += 86_401
    # two more than one: what is tried again counts too
    assert "HTTP 503" in spend(1, 3000)[0]
    serve("openverse", [[1]])
    list(search_all([Question("openverse", "dish", "more", 5)], access, bounds, store))
    assert RateLimits(access, store, bounds.clock).used("openverse") == 4
    now[0] += 86_401
    assert spend(1, 2000) == ["no more results"]


@pytest.mark.parametrize(
    ("name", "version", "deed", "wanted"),
    [
        ("by-sa", "4.0", "", "CC-BY-SA-4.0"),
        ("CC BY-SA 4.0", "", "", "CC-BY-SA-4.0"),
        ("CC BY-SA 3.0 de", "", "", "CC-BY-SA-3.0-DE"),
        ("", "", "https://creativecommons.org/licenses/by/3.0/de/deed.en", "CC-BY-3.0-DE"),
        ("", "", "http://creativecommons.org/licenses/by-nc/2.0/", "CC-BY-NC-2.0"),
        ("CC0", "", "http://creativecommons.org/publicdomain/zero/1.0/deed.en", "CC0-1.0"),
        ("pdm", "1.0", "", "CC-PDM-1.0"),
        ("cc0", "", "", "CC0-1.0"),
        ("cc-by", "", "", "CC-BY"),
        ("Public domain", "", "", "Public domain"),
        ("GFDL 1.2", "", "https://www.gnu.org/licenses/fdl-1.2.html", "GFDL 1.2"),
        ("", "", "", ""),
    ],
)
def test_licences_are_called_as_spdx_does(name: str, version: str, deed: str, wanted: str) -> None:
    assert spdx(name, version, deed) == wanted


@pytest.mark.parametrize(
    ("licence", "short"),
    [("CC-BY-SA-4.0", "by-sa"), ("CC0-1.0", "cc0"), ("CC-PDM-1.0", "pdm"), ("CC-BY", "by"),
     ("CC-BY-3.0-DE", "by"), ("Public domain", "pdm"), ("Pexels", "pexels"), ("", "")],
)  # fmt: skip
def test_licences_have_short_names(licence: str, short: str) -> None:
    assert short_name(licence) == short


def test_what_pixabay_answered_is_kept_for_a_day_as_it_demands(web, serve, limits, store) -> None:
    serve("pixabay", [[1]])

    def search(now: float) -> None:
        access = Access(KEYS, bases=(("pixabay", web.url("")),), since=now)
        bounds = replace(limits, clock=lambda: now)
        list(search_all([Question("pixabay", "dish", "soup", 5)], access, bounds, store))

    for now, asked in ((1e6, 1), (1e6 + 86_000, 1), (1e6 + 86_500, 2)):
        search(now)
        assert web.hits["/api/"] == asked


def test_inaturalist_gives_each_photo_of_an_observation_in_a_useful_size(web, ask) -> None:
    photos = [{"license_code": code, "url": f"http://p.test/{n}/square.jpeg"}
              for n, code in enumerate(["cc0", None])]  # fmt: skip
    answer = {"total_results": 1, "results": [{"uri": "u", "photos": photos}]}
    web.say("/v1/observations", json.dumps(answer).encode())
    found = ask("inaturalist")
    assert urls(found) == ["http://p.test/0/large.jpeg", "http://p.test/1/large.jpeg"]
    assert [one.licence for one in found.candidates] == ["CC0-1.0", "all rights reserved"]


def test_research_grade_is_asked_for_where_it_is_wanted() -> None:
    question = Question("inaturalist", "dish", "rabbit", 5)
    plain, graded = (page_urls(one, Access())[0]
                     for one in (question, replace(question, research_grade=True)))  # fmt: skip
    assert "quality_grade=research" in graded and "quality_grade" not in plain
