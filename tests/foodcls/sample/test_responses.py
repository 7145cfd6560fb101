"""Tests of foodcls.sample.responses."""

from collections.abc import Callable

import pytest

from foodcls.sample.responses import METADATA, respond
from foodcls.sample.web import SampleWeb

WEB = SampleWeb(per_class=24)


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


@pytest.mark.parametrize(
    "target", ["/nothing", "/img/", "/img/../x", "/img/salad-9999.jpg", "/page/x"]
)
def test_other_addresses_are_missing(target: str) -> None:
    assert respond(WEB, target).status == 404


def test_front_and_search_and_page_answer(item_of: Callable) -> None:
    file = item_of(WEB, "original").file
    for target in ("/", "/search", "/search?q=pasta+with+pesto", f"/page/{file}"):
        assert respond(WEB, target).status == 200
