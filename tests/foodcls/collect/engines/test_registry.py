from dataclasses import replace
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest

from foodcls.collect.engines.base import Access, Question
from foodcls.collect.engines.official import Api
from foodcls.collect.engines.registry import ENGINES, check_questions, page_urls
from foodcls.errors import CollectError
from foodcls.recipe.data_settings import EngineName
from foodcls.sample.responses import LICENCE

IN_RECIPES = get_args(EngineName)
KEYS = {"FLICKR_API_KEY": "key"}
TRICKY = "mac & cheese #1 pâté"
KEYWORDS = {"baidu": "word", "flickr": "text", "commons": "gsrsearch",
            "inaturalist": "taxon_name", "pexels": "query", "unsplash": "query"}  # fmt: skip
# where a page alone tells the next one
STEPWISE = {name for name, one in ENGINES.items() if isinstance(one, Api) or one.has_door}


def test_every_engine_of_a_recipe_is_there() -> None:
    assert set(ENGINES) == set(IN_RECIPES)


@pytest.mark.parametrize("engine", IN_RECIPES)
def test_a_query_arrives_whole_whatever_is_in_it(engine: str) -> None:
    urls = page_urls(Question(engine, "dish", TRICKY, 50), Access(KEYS))
    assert len(urls) >= (1 if engine in STEPWISE else 10) and len(set(urls)) == len(urls)
    for url in urls:
        assert parse_qs(urlsplit(url).query)[KEYWORDS.get(engine, "q")][0].startswith(TRICKY)
        assert not urlsplit(url).fragment


def test_pages_may_be_asked_of_another_server() -> None:
    access = Access(bases=(("bing", "http://127.0.0.1:8000/"),))
    url = page_urls(Question("bing", "dish", "soup", 50), access)[0]
    assert url.startswith("http://127.0.0.1:8000/images/async?q=soup&first=0")


@pytest.mark.parametrize(
    ("engine", "licence", "field", "value"),
    [
        ("bing", "creativecommons", "qft", " filterui:licenseType-Any"),
        ("bing", "commercial", "qft", " filterui:license-L2_L3_L4"),
        ("google", "noncommercial", "tbs", "sur:f"),
        ("google", "commercial", "tbs", "sur:fc"),
        ("flickr", "creativecommons", "license", "1,2,3,4,5,6,9"),
        ("flickr", "commercial", "license", "4,5,6,7,8,9,10"),
    ],
)
def test_a_licence_is_asked_for_on_each_page(
    engine: str, licence: str, field: str, value: str
) -> None:
    question = Question(engine, "dish", "soup", 50, licence)
    check_questions([question], Access(KEYS))
    pages, free = (
        [parse_qs(urlsplit(url).query) for url in page_urls(asked, Access(KEYS))]
        for asked in (question, replace(question, licence=""))
    )
    assert pages and all(page[field] == [value] for page in pages)
    assert not any(field in page for page in free)


@pytest.mark.parametrize("engine", ["bing", "google", "flickr"])
def test_no_two_licences_are_asked_for_alike(engine: str) -> None:
    questions = [Question(engine, "dish", "soup", 50, name) for name in ENGINES[engine].licences]
    check_questions(questions, Access(KEYS))
    asked = {page_urls(question, Access(KEYS))[0] for question in questions}
    assert len(asked) == len(questions) >= 4


@pytest.mark.parametrize("licence", ENGINES["sample"].licences)
def test_the_sample_web_passes_each_filter_as_all_in_it_is_free(licence: str) -> None:
    question = Question("sample", "dish", "soup", 50, licence)
    check_questions([question], Access())
    assert page_urls(question, Access()) == page_urls(replace(question, licence=""), Access())
    assert LICENCE == "CC0-1.0"


@pytest.mark.parametrize(
    ("engine", "licence", "said"),
    [
        ("bing", "free", "'creativecommons'"),
        ("google", "publicdomain", "'noncommercial'"),
        ("baidu", "commercial", "leave the licence"),
    ],
)
def test_a_licence_that_an_engine_does_not_know_is_refused(
    engine: str, licence: str, said: str
) -> None:
    with pytest.raises(CollectError, match=said):
        check_questions([Question(engine, "dish", "soup", 50, licence)], Access())


def test_what_cannot_be_asked_says_what_it_lacks_and_the_others_are_asked() -> None:
    questions = [Question(engine, "dish", "soup", 50) for engine in ("commons", "bing", "flickr")]
    mute = check_questions(questions, Access())
    assert "FOODCLS_CONTACT" in mute["commons"] and "FLICKR_API_KEY" in mute["flickr"]
    assert set(mute) == {"commons", "flickr"}
    assert not check_questions(questions, Access(KEYS, contact="me@example.org"))


def test_where_no_engine_can_be_asked_the_run_stops_with_what_each_lacks() -> None:
    with pytest.raises(CollectError, match="FLICKR_API_KEY"):
        check_questions([Question("flickr", "dish", "soup", 50)], Access())


def test_a_key_does_not_show() -> None:
    assert "sesame" not in repr(Access({"A": "sesame"}, tokens={"b": "sesame"}))


@pytest.mark.parametrize("engine", [name for name in IN_RECIPES if name != "sample"])
def test_the_page_of_sources_tells_each_engine_with_its_key(engine: str) -> None:
    page = (Path(__file__).parents[4] / "docs" / "sources.md").read_text()
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{engine}` |")]
    assert all(f"`{name}`" in row for name in ENGINES[engine].terms.keys)
    terms = ENGINES[engine].terms
    for limit in filter(None, (terms.quota, terms.keyed_quota)):
        assert f"{limit:,}" in row
