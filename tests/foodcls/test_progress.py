from foodcls.progress import silent


def test_silent_gives_the_items_on() -> None:
    assert list(silent(iter("abc"), 3, "letters")) == ["a", "b", "c"]
