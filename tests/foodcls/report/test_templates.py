import pytest
from jinja2 import UndefinedError

from foodcls.metrics.scores import Estimate
from foodcls.report.templates import bounds, estimate, figure, is_web, render_page, soft


@pytest.mark.parametrize(
    "address",
    ["http://example.org/a.jpg", "https://example.org", "HTTPS://EXAMPLE.ORG/?q=<b>"],
)
def test_addresses_of_the_web_may_be_links(address: str) -> None:
    assert is_web(address)


@pytest.mark.parametrize(
    "address",
    ["", "javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x",
     "file:///etc/passwd", "//example.org/x", "/home/a.jpg", "http:", "http://", "https:/a/b",
     "vbscript:x", "http://[::1", "blob:http://x/1", "ftp://example.org"],
)  # fmt: skip
def test_nothing_else_may(address: str) -> None:
    assert not is_web(address)


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render_page("report.html", {"name": "x"})


def test_figures_are_short_and_what_is_missing_is_a_dash() -> None:
    found = Estimate(0.8125, 0.7, 0.9)
    assert (estimate(found), bounds(found), figure(0.5)) == ("0.812", "0.70 to 0.90", "0.50")
    assert (figure(None), bounds(None), bounds((0.1, 0.25), 1)) == ("–", "", "0.1 to 0.2")


def test_long_names_may_break_and_stay_text() -> None:
    assert soft("a_b<i>_c") == "a_<wbr>b&lt;i&gt;_<wbr>c"
