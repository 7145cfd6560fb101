import pytest

from foodcls.collect.outcomes import FINAL, PASSING, Outcome, printable


def test_nothing_is_both_final_and_passing() -> None:
    assert not FINAL & PASSING


def test_a_rerun_tries_again_only_what_may_have_changed() -> None:
    assert {Outcome.OK, Outcome.HTTP_ERROR} <= FINAL
    assert not {Outcome.TIMEOUT, Outcome.DEFERRED} & FINAL
    assert Outcome.UNAVAILABLE in PASSING and Outcome.DEFERRED not in PASSING


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
