import pandas as pd
import pytest

from foodcls.manifest import new_manifest
from foodcls.promote.unseen import unseen_tests
from foodcls.recipe.settings import Split
from foodcls.split.split import split


def row(number: int, split: str, **others: object) -> dict[str, object]:
    """A kept picture whose hash no other's is near."""
    name = f"{number:064x}"
    digest = f"{(number * 0x9E3779B97F4A7C15) % 2**64:016x}"
    return {"id": name, "picture": name, "label": "soup", "state": "kept", "split": split,
            "cluster": name, "hash": digest, "mirror_hash": digest[::-1], **others}  # fmt: skip


EARLIER = new_manifest([row(1, "train"), row(2, "val"), row(3, "test"), row(4, "train")])


def unseen(*rows: dict[str, object]) -> list[bool]:
    return list(unseen_tests(new_manifest(rows), EARLIER))


def test_new_pictures_and_those_that_were_tested_before_are_unseen() -> None:
    assert unseen(row(3, "test"), row(9, "test"), row(1, "train")) == [True, True]


@pytest.mark.parametrize("number", [1, 2], ids=["learnt from", "chosen by"])
def test_a_picture_that_has_moved_into_the_test_split_is_seen(number: int) -> None:
    assert unseen(row(number, "test"), row(9, "test")) == [False, True]


def test_a_look_alike_of_a_seen_picture_is_seen_whichever_split_that_is_in_now() -> None:
    alike = row(4, "test")["id"]
    assert unseen(row(8, "test", cluster=alike), row(4, "test")) == [False, False]


@pytest.mark.parametrize("name", ["hash", "mirror_hash"])
def test_another_copy_of_a_seen_picture_that_is_gone_is_seen(name: str) -> None:
    near = f"{int(str(row(4, 'train')[name]), 16) ^ 0b101:016x}"
    assert unseen(row(8, "test", hash=near), row(9, "test")) == [False, True]


def test_what_was_dropped_by_a_surplus_may_still_have_been_learnt_from_once() -> None:
    earlier = new_manifest([row(1, "train", state="dropped")])
    assert list(unseen_tests(new_manifest([row(1, "test")]), earlier)) == [False]


def test_pictures_that_come_later_move_no_other_and_all_tests_stay_unseen() -> None:
    """A hash of its cluster alone places a picture: 100 new ones among 300, and none moves."""
    labels = ("soup", "salad")

    def parted(numbers: range) -> pd.DataFrame:
        rows = [row(number, "", label=labels[number % 2]) for number in numbers]
        return split(new_manifest(rows), Split(), labels).set_index("id")

    before, after = parted(range(1, 301)), parted(range(1, 401))
    pd.testing.assert_series_equal(before["split"], after.loc[before.index, "split"])
    assert unseen_tests(after.reset_index(), before.reset_index()).all()
    assert (after["split"] == "test").sum() > (before["split"] == "test").sum()
