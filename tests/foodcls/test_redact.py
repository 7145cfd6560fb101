import pytest

from foodcls.redact import only_host, without_passwords


def test_logins_go_and_the_rest_stays() -> None:
    text = "cannot reach postgresql://me:geheim@db:5432/mlflow or http://u@h/x; mail a@b.c"
    said = "cannot reach postgresql://***@db:5432/mlflow or http://***@h/x; mail a@b.c"
    assert without_passwords(text) == said


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
