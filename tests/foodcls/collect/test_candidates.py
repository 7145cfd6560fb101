import pytest

from foodcls.collect.candidates import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://host/pâté?a=1 2", "http://host/pâté?a=1 2"),
        ("a\nb\x00c", "a%0Ab%00c"),
        ("\ud800x\udcff", "%ED%A0%80x%ED%B3%BF"),
    ],
)
def test_text_comes_out_fit_for_a_table(text: str, shown: str) -> None:
    assert printable(text) == shown
    printable(text).encode()
