import logging
import time
from collections.abc import Iterator
from io import StringIO

import pytest

from foodcls.errors import FoodclsError, InputError
from foodcls.redact import only_host, redact, redact_logs, without_logins


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no postgresql://me:hidden@db:5432/x or http://u@h/x; mail a@b.c",
         "no postgresql://db:5432/x or http://h/x; mail a@b.c"),
        ("http://me:hid@den@h/x", "http://h/x"),
        ("postgresql://me:hid/d?e#n@h/x", "postgresql://h/x"),
        ("('http://me:hidden@h',)", "('http://h',)"),
        ("http://h/@b and http://h:80/@b, http://h?to=a@b http://[::1]:80/x@b",
         "http://h/@b and http://h:80/@b, http://h?to=a@b http://[::1]:80/x@b"),
        ("s3://b/x?w=3&X-Amz-Signature=hidden&api_key=hidden#p",
         "s3://b/x?w=3&X-Amz-Signature=***&api_key=***"),
        ('Invalid bucket name "me:hid%40den@b"', 'Invalid bucket name "b"'),
        ("models:/lunch@champion, mail: a@b.c", "models:/lunch@champion, mail: a@b.c"),
        ("host=db password=hidden user=me", "host=db password=*** user=me"),
        ("PEXELS_API_KEY=hidden AWS_SECRET_ACCESS_KEY='hidden' aws_session_token=hidden",
         "PEXELS_API_KEY=*** AWS_SECRET_ACCESS_KEY='***' aws_session_token=***"),
        ('{"password": "hidden", "token": "hidden"} password: hidden',
         '{"password": "***", "token": "***"} password: ***'),
        ("{'Authorization': 'Bearer hidden', 'Accept': '*/*'}",
         "{'Authorization': '***', 'Accept': '*/*'}"),
        ("X-Api-Key: hidden\nCookie: a=hidden; b=hidden\nAccept: x",
         "X-Api-Key: ***\nCookie: ***\nAccept: x"),
        ("[(b'authorization', b'Bearer hidden')] {b'Cookie': b'hidden'}",
         "[(b'authorization', b'***')] {b'Cookie': b'***'}"),
        ('Cookie: a="hidden"; b="hidden"', "Cookie: ***"),
        ("Cookie: a='hidden'; b=hidden", "Cookie: ***"),
        (r'{\"password\": \"hidden\"} api_key = hidden', r'{\"password\": \"***"} api_key = ***'),
        ("http://h/#access_token=hidden http://h/?jwt=hidden", "http://h/#access_token=*** http://h/?jwt=***"),
        ("http://h/?u=http%3A%2F%2Fme%3Ahidden%40h%2Fx and http%3A%2F%2Fh%2Fx%40b",
         "http://h/?u=http%3A%2F%2Fh%2Fx and http%3A%2F%2Fh%2Fx%40b"),
        ("Unexpected token: x, cache_key=a, a cookie, then the key: 5",
         "Unexpected token: x, cache_key=a, a cookie, then the key: 5"),
        ("write KEY=VALUE, e.g. http://h/?keyword=soup&monkeys=3",
         "write KEY=VALUE, e.g. http://h/?keyword=soup&monkeys=3"),
    ],
)  # fmt: skip
def test_logins_and_keys_go_and_the_rest_stays(text: str, said: str) -> None:
    assert redact(text) == said
    assert redact(said) == said


@pytest.mark.parametrize("part", ["a.a-", "a:", "%3A%2F%2F", "password:", "token", "cookie "])
def test_a_long_text_of_a_stranger_takes_no_time(part: str) -> None:
    start = time.process_time()
    redact("http://" + part * 20_000)
    assert time.process_time() - start < 1


def test_an_address_without_its_login_still_leads_there() -> None:
    assert without_logins("https://me:x@h/a.jpg?sig=abc") == "https://h/a.jpg?sig=abc"


@pytest.mark.parametrize("kind", [FoodclsError, InputError])
def test_no_error_of_ours_holds_a_login(kind: type[FoodclsError]) -> None:
    error = kind("no http://me:hidden@h")
    assert (str(error), repr(error)) == ("no http://h", f"{kind.__name__}('no http://h')")


@pytest.fixture
def heard() -> Iterator[StringIO]:
    """What a handler of the root logger writes."""
    before, stream = logging.getLogRecordFactory(), StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    redact_logs()
    redact_logs()
    yield stream
    logging.getLogger().removeHandler(handler)
    logging.setLogRecordFactory(before)


def test_no_logger_tells_a_login_not_even_that_of_an_error_behind_another(heard: StringIO) -> None:
    logging.getLogger("urllib3").warning("retry %s of %s", 3, "http://me:hidden@h")
    try:
        try:
            raise ValueError("http://me:hidden@cause")
        except ValueError as error:
            raise RuntimeError("x") from error
    except RuntimeError:
        logging.getLogger("prefect").exception("failed")
    assert "hidden" not in heard.getvalue()
    assert all(part in heard.getvalue() for part in ("retry 3 of http://h", "//cause", "failed"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@hooks.example:8443/T0/SECRET?k=SECRET", "https://hooks.example:8443"),
        ("http://127.0.0.1/x", "http://127.0.0.1"),
        ("SECRET", "what is no http address"),
        ("http://h:port/SECRET", "an address that cannot be read"),
    ],
)
def test_of_an_address_with_a_secret_path_only_the_host_is_shown(url: str, shown: str) -> None:
    assert only_host(url) == shown


def test_a_line_whose_values_do_not_fit_is_said_all_the_same(heard: StringIO) -> None:
    logging.getLogger("urllib3").warning("retry %d", "http://me:hidden@h")
    assert "retry %d" in heard.getvalue() and "//h" in heard.getvalue()
    assert "hidden" not in heard.getvalue()
