"""Tests of foodcls.sample.responses."""

import re
from collections.abc import Callable

import pytest

from foodcls.sample.responses import METADATA, respond, result_page
from foodcls.sample.web import SampleWeb

WEB = SampleWeb(per_class=24)
FOUND = SampleWeb(per_class=48).items("salad")


def _files(page: str) -> list[str]:
    return re.findall(r'<a class="result" href="/img/([^"]+)"', page)


def test_pages_show_every_result_once_and_in_order() -> None:
    pages = [result_page("salad", FOUND, first) for first in (0, 48)]
    assert [len(_files(page)) for page in pages] == [48, 16]
    assert sum(map(_files, pages), []) == [item.file for item in FOUND]


def test_a_result_names_its_page_and_licence() -> None:
    file = FOUND[0].file
    card = f'href="/img/{file}" data-page="/page/{file}" data-licence="CC0-1.0"'
    assert card in result_page("salad", FOUND, 0)


def test_only_a_page_with_more_behind_it_leads_on() -> None:
    assert "first=48" in result_page("salad", FOUND, 0)
    assert "More results" not in result_page("salad", FOUND, 48)


def test_past_the_end_there_is_nothing() -> None:
    page = result_page("salad", FOUND, 64)
    assert "No results" in page and not _files(page)


def test_a_query_cannot_write_into_the_page() -> None:
    assert "<script>" not in result_page("<script>alert(1)</script>", (), 0)


@pytest.mark.parametrize(
    ("trait", "status"),
    [("gone", 404), ("fault", 500), ("redirect", 302), ("loop", 302), ("private", 302)],
)
def test_mess_answers_as_its_kind(trait: str, status: int, item_of: Callable) -> None:
    target = f"/img/{item_of(WEB, trait).file}"
    assert [respond(WEB, target, visit).status for visit in (1, 2)] == [status, status]


def test_redirects_lead_where_the_truth_says(item_of: Callable) -> None:
    redirect, loop, private = (item_of(WEB, kind) for kind in ("redirect", "loop", "private"))
    places = [respond(WEB, f"/img/{i.file}").headers[0][1] for i in (redirect, loop, private)]
    assert places == [f"/img/{redirect.source}", f"/img/{loop.file}", METADATA]


def test_a_busy_picture_comes_at_the_second_visit(item_of: Callable) -> None:
    target = f"/img/{item_of(WEB, 'busy').file}"
    first, second = (respond(WEB, target, visit) for visit in (1, 2))
    assert (first.status, first.headers) == (503, (("Retry-After", "1"),))
    assert second.status == 200 and second.media_type.startswith("image/")


def test_slow_pictures_take_under_a_second(item_of: Callable) -> None:
    assert 0.2 <= respond(WEB, f"/img/{item_of(WEB, 'slow').file}").delay <= 0.6
    slow = [item for item in SampleWeb(48).items("beans") if item.manner == "slow"]
    assert len(slow) <= 3


@pytest.mark.parametrize("offset", ["", "x", "-5", "1e9", "²"])
def test_a_strange_offset_is_the_first_page(offset: str) -> None:
    assert respond(WEB, f"/search?q=salad&first={offset}") == respond(WEB, "/search?q=salad")


@pytest.mark.parametrize("target", ["/", "/nothing", "/img/", "/img/../x", "/img/salad-9999.jpg"])
def test_other_addresses_are_missing(target: str) -> None:
    assert respond(WEB, target).status == 404


@pytest.mark.parametrize("target", ["/search", "/search?q=pasta+with+pesto"])
def test_searches_answer(target: str) -> None:
    assert respond(WEB, target).status == 200
