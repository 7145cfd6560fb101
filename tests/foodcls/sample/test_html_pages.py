"""Tests of foodcls.sample.responses."""

import re

from foodcls.sample.dishes import LABELS
from foodcls.sample.responses import front_page, picture_page, result_page
from foodcls.sample.web import SampleWeb

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


def test_the_front_page_links_every_search() -> None:
    page = front_page()
    assert all(f"/search?q={label.replace('_', '+')}" in page for label in LABELS)


def test_a_picture_s_page_shows_it() -> None:
    assert f'src="/img/{FOUND[3].file}"' in picture_page(FOUND[3])
