from foodcls.progress import Work, count, counting, silent


def test_silent_gives_the_items_on() -> None:
    assert list(silent(iter("abc"), 3, "letters")) == ["a", "b", "c"]


def test_what_is_counted_adds_up_by_kind() -> None:
    with counting() as tally:
        count("crop", anew=1, recalled=9)
        count("fingerprint", anew=0, recalled=3)
        count("crop", anew=2, recalled=0)
    assert tally == {"crop": Work("crop", 3, 9), "fingerprint": Work("fingerprint", 0, 3)}


def test_an_inner_tally_is_its_own_and_without_one_nothing_is_counted() -> None:
    count("crop", anew=1, recalled=0)
    with counting() as outer:
        with counting() as inner:
            count("crop", anew=5, recalled=0)
        count("crop", anew=1, recalled=0)
    count("crop", anew=1, recalled=0)
    assert (inner["crop"].anew, outer["crop"].anew) == (5, 1)
