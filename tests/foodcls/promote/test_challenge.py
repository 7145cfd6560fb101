from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from foodcls.export.model import Answer, Model
from foodcls.inspect.inspect import inspect
from foodcls.manifest import new_manifest
from foodcls.metrics.predictions import Predictions, predictions_csv
from foodcls.promote.challenge import Champion, challenge, unseen_tests
from foodcls.promote.rule import PromotionDecision
from foodcls.recipe.data_settings import Inspect, Split
from foodcls.recipe.train_settings import Promote
from foodcls.split.split import split
from foodcls.store.store import Store

LABELS = ("dark", "light")
COUNT = 60


def by_brightness(sign: float, classes: int) -> Answer:
    """Calls a picture light with the probability of its mean; `sign` -1 calls it the other way."""

    def answer(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        light = 1 / (1 + np.exp(-sign * (pixels.mean((1, 2, 3)) - 128) / 20))
        return np.stack([1 - light, light] + [0 * light] * (classes - 2), 1), np.ones_like(light)

    return answer


def serving(
    sign: float, labels: tuple[str, ...] = LABELS, learnt: tuple[int, ...] = ()
) -> Champion:
    """A champion that has learnt from the test pictures of these numbers."""
    answer = by_brightness(sign, len(labels))
    rows = [{"id": f"picture {number}", "state": "kept", "split": "train"} for number in learnt]
    return Champion(Model(answer, labels, 8, 0.0, 0.0, {}, ""), new_manifest(rows))


@pytest.fixture
def pictures(store: Store, encode, noise) -> pd.DataFrame:
    rows = []
    for number in range(COUNT):
        label = LABELS[number % 2]
        up = 127 * (label == "light")
        digest = store.put(encode(noise(number, 12, 8).point(lambda value, up=up: value // 2 + up)))
        rows.append({"id": f"picture {number}", "picture": digest, "label": label, "state": "kept",
                     "split": "test"})  # fmt: skip
    return new_manifest(rows)


@pytest.fixture
def ask(store: Store, pictures: pd.DataFrame):
    """Challenge a champion by a model that names all but the first `wrong` pictures right."""

    def run(
        champion: Champion, wrong: int, labels: tuple[str, ...] = LABELS, trays: int = COUNT
    ) -> PromotionDecision:
        truth = np.array([labels.index(label) for label in pictures["label"]])
        said = np.where(np.arange(COUNT) < wrong, truth ^ 1, truth)
        shares = np.where(np.arange(len(labels)) == said[:, None], 0.8, 0.2 / (len(labels) - 1))
        ids = tuple(pictures["id"])
        groups = tuple(f"tray {number % trays}" for number in range(COUNT))
        text = predictions_csv(Predictions(labels, ids, ids, groups, truth, shares))
        scores = SimpleNamespace(predictions=store.put(text.encode()))
        return challenge(champion, scores, pictures, store, Promote())

    return run


RIGHT, WRONG = 1.0, -1.0


def test_a_better_model_is_promoted_and_a_worse_or_equal_one_is_not(ask) -> None:
    assert ask(serving(WRONG), 30).is_promoted
    assert not ask(serving(RIGHT), 30).is_promoted
    assert not ask(serving(RIGHT), 0).is_promoted


def test_photos_of_one_tray_are_one_test_as_in_the_evaluation(ask) -> None:
    verdict = ask(serving(WRONG), 30, trays=3)
    assert "in 3 groups of look-alikes" in verdict.reason
    assert not verdict.is_promoted and "not shown to be better" in verdict.reason


def test_pictures_that_the_champion_has_learnt_from_do_not_count(ask) -> None:
    verdict = ask(serving(WRONG, learnt=tuple(range(20))), 30)
    assert "on 40 test pictures in 40 groups" in verdict.reason


def test_without_a_picture_to_compare_by_the_champion_stays(ask) -> None:
    verdict = ask(serving(WRONG, learnt=tuple(range(COUNT))), 0)
    assert not verdict.is_promoted and "no test picture is left" in verdict.reason


def test_the_order_of_classes_does_not_matter(ask) -> None:
    verdict = ask(serving(WRONG, LABELS[::-1]), 0)
    # told apart the other way round the champion is right now
    assert not verdict.is_promoted and "accuracy 1 against 1 " in verdict.reason


def test_a_champion_of_fewer_classes_gives_way_unless_the_new_model_is_shown_to_be_worse(
    ask,
) -> None:
    more = (*LABELS, "dim")
    verdict = ask(serving(RIGHT), 1, more)
    assert verdict.is_promoted and "of the 2 that both know" in verdict.reason
    worse = ask(serving(RIGHT), 30, more)
    assert not worse.is_promoted and worse.reason.startswith("worse in accuracy")


def test_a_champion_of_wholly_other_classes_gives_way(ask) -> None:
    verdict = ask(serving(RIGHT, ("up", "down")), 30)
    assert verdict.is_promoted and "cannot be compared" in verdict.reason


def row(number: int, split: str, **others: object) -> dict[str, object]:
    """A kept picture whose hash no other's is near."""
    name = f"{number:064x}"
    digest = f"{(number * 0x9E3779B97F4A7C15) % 2**64:016x}"
    return {"id": name, "picture": name, "label": "soup", "state": "kept", "split": split,
            "cluster": name, "hash": digest, "mirror_hash": digest[::-1], **others}  # fmt: skip


EARLIER = new_manifest(
    [row(1, "train"), row(2, "val"), row(3, "test"), row(4, "train"), row(5, "own")]
)


def unseen(*rows: dict[str, object]) -> list[bool]:
    return list(unseen_tests(new_manifest(rows), EARLIER))


def test_new_pictures_and_those_that_were_tested_before_are_unseen() -> None:
    assert unseen(row(3, "test"), row(9, "test"), row(1, "train")) == [True, True]


@pytest.mark.parametrize("number", [1, 2, 5], ids=["learnt from", "chosen by", "own photo"])
def test_a_picture_that_has_moved_into_the_test_split_is_seen(number: int) -> None:
    assert unseen(row(number, "test"), row(9, "test")) == [False, True]


def test_a_look_alike_of_a_seen_picture_is_seen_whichever_split_that_is_in_now() -> None:
    alike = row(4, "test")["id"]
    assert unseen(row(8, "test", cluster=alike), row(4, "test")) == [False, False]


@pytest.mark.parametrize("name", ["hash", "mirror_hash"])
def test_another_copy_of_a_seen_picture_that_is_gone_is_seen(name: str) -> None:
    near = f"{int(str(row(4, 'train')[name]), 16) ^ 0b101:016x}"
    assert unseen(row(8, "test", hash=near), row(9, "test")) == [False, True]


@pytest.mark.parametrize(("before", "now"), [("phash", "dhash"), ("colorhash", "colorhash")])
def test_copies_are_seen_and_other_photos_are_not_whatever_kind_of_hash_dedup_compares(
    before: str, now: str, store: Store, noise, encode, put_rows
) -> None:
    photos = [noise(seed, 128, 96) for seed in range(12)]
    learnt = inspect(put_rows(*((encode(one), "soup") for one in photos[:6])), store,
                     Inspect(), before)  # fmt: skip
    copies = [one.resize((96, 72)) for one in photos[:6]] + photos[6:]
    tests = inspect(put_rows(*((encode(one), "soup") for one in copies)), store, Inspect(), now)
    seen = ~unseen_tests(tests.assign(split="test"), learnt.assign(split="train"))
    assert seen.tolist() == [True] * 6 + [False] * 6


def test_what_was_dropped_by_a_surplus_may_still_have_been_learnt_from_once() -> None:
    earlier = new_manifest([row(1, "train", state="dropped")])
    assert list(unseen_tests(new_manifest([row(1, "test")]), earlier)) == [False]


def test_pictures_that_come_later_move_no_other_and_all_tests_stay_unseen() -> None:
    """Pictures stay where they stood: 100 new ones among 300, and none moves."""
    labels = ("soup", "salad")

    def parted(numbers: range, earlier: dict[str, str]) -> pd.DataFrame:
        rows = [row(number, "", label=labels[number % 2]) for number in numbers]
        return split(new_manifest(rows), Split(), labels, earlier).set_index("id")

    before = parted(range(1, 301), {})
    after = parted(range(1, 401), before["split"].to_dict())
    pd.testing.assert_series_equal(before["split"], after.loc[before.index, "split"])
    assert unseen_tests(after.reset_index(), before.reset_index()).all()
    assert (after["split"] == "test").sum() > (before["split"] == "test").sum()
