import pytest
from multidict import CIMultiDict

from foodcls.collect.outcomes import FetchError, Outcome
from foodcls.collect.response_headers import check_head, opt_out, parse_wait

NOON = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (None, None),
        ("3", 3.0),
        (" 3 ", 3.0),
        ("86400", 86400.0),
        ("Tue, 14 Nov 2023 22:13:25 GMT", 5.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("nan", None),
        ("", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(value: str | None, wait: float | None) -> None:
    assert parse_wait(value, NOON) == wait


@pytest.mark.parametrize(
    ("values", "directive"),
    [
        ([], ""),
        (["noai"], "noai"),
        (["noarchive, NoImageAI"], "noimageai"),
        (["all", "none"], "none"),
        (["googlebot: noindex"], ""),
        (["foodcls: noindex"], "noindex"),
        (["otherbot: nofollow, noindex"], ""),
        (["max-image-preview: large, noai"], "noai"),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST"], ""),
        (["index, follow"], ""),
    ],
)
def test_opt_outs_for_all_or_for_us_are_heeded(values: list[str], directive: str) -> None:
    assert opt_out(values) == directive


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (204, Outcome.EMPTY),
        (206, Outcome.EMPTY),
        (302, Outcome.HTTP_ERROR),
        (304, Outcome.HTTP_ERROR),
        (401, Outcome.HTTP_ERROR),
        (404, Outcome.HTTP_ERROR),
        (408, Outcome.UNAVAILABLE),
        (429, Outcome.UNAVAILABLE),
        (500, Outcome.UNAVAILABLE),
        (599, Outcome.UNAVAILABLE),
    ],
)
def test_each_status_has_one_verdict(status: int, outcome: Outcome) -> None:
    with pytest.raises(FetchError) as caught:
        check_head(status, CIMultiDict(), NOON)
    assert caught.value.outcome is outcome


def test_a_good_answer_is_to_be_read_and_a_redirect_followed() -> None:
    assert check_head(200, CIMultiDict(), NOON) == ""
    assert check_head(301, CIMultiDict({"location": "/there"}), NOON) == "/there"


def test_pages_may_be_read_in_spite_of_an_opt_out_from_indexing() -> None:
    headers = CIMultiDict({"X-Robots-Tag": "noindex"})
    assert check_head(200, headers, NOON, heed_robots=False) == ""
    with pytest.raises(FetchError, match="noindex"):
        check_head(200, headers, NOON)
