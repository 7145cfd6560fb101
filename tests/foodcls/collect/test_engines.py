from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest

from foodcls.collect.engines import ENGINES, Access, Question, check_questions, page_urls
from foodcls.errors import CollectError
from foodcls.settings import EngineName

IN_RECIPES = get_args(EngineName)
TRICKY = "mac & cheese #1 pâté"
KEYWORDS = {"bing": "q", "google": "q", "baidu": "word", "flickr": "text", "sample": "q"}


def test_every_engine_of_a_recipe_is_there() -> None:
    assert set(ENGINES) == set(IN_RECIPES)


@pytest.mark.parametrize("engine", IN_RECIPES)
def test_a_query_arrives_whole_whatever_is_in_it(engine: str) -> None:
    urls = page_urls(Question(engine, "dish", TRICKY, 50), Access("key"))
    assert len(urls) >= 10 and len(set(urls)) == len(urls)
    for url in urls:
        assert parse_qs(urlsplit(url).query)[KEYWORDS[engine]] == [TRICKY]
        assert not urlsplit(url).fragment


def test_pages_may_be_asked_of_another_server() -> None:
    access = Access(bases=(("bing", "http://127.0.0.1:8000/"),))
    url = page_urls(Question("bing", "dish", "soup", 50), access)[0]
    assert url.startswith("http://127.0.0.1:8000/images/async?q=soup&first=0")


@pytest.mark.parametrize(
    ("engine", "part"),
    [("bing", "licenseType-Any"), ("flickr", "license=1%2C2"), ("sample", "q=soup")],
)
def test_a_licence_is_asked_for(engine: str, part: str) -> None:
    question = Question(engine, "dish", "soup", 50, "creativecommons")
    check_questions([question], Access("key"))
    assert part in page_urls(question, Access("key"))[0]


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


def test_flickr_without_a_key_says_how_to_get_one() -> None:
    with pytest.raises(CollectError, match="FLICKR_API_KEY"):
        check_questions([Question("flickr", "dish", "soup", 50)], Access())


def test_a_key_does_not_show() -> None:
    assert "sesame" not in repr(Access("sesame"))
