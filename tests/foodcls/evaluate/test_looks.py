"""What a person saw on a part of the test pictures tells the accuracy on all of them."""

from pathlib import Path

import numpy as np
import pytest

from foodcls.errors import TableError
from foodcls.evaluate.looks import LEAST, draw_order, estimate_accuracy, read_looks
from foodcls.manifest import KEPT, new_manifest
from foodcls.metrics.predictions import Predictions
from foodcls.store.store import digest_of

LABELS = ("beans", "salad", "bread")


def planted(seed: int, n: int = 300) -> tuple[Predictions, dict[str, str]]:
    """Answers of a model, and what the pictures truly show: 14 % nothing, 5 % another class."""
    dice = np.random.default_rng(seed)
    given = dice.integers(0, 3, n)
    truth = np.where(dice.random(n) < 0.05, (given + 1) % 3, given)
    is_stranger = dice.random(n) < 0.14
    says = np.where(dice.random(n) < 0.9, truth, dice.integers(0, 3, n))
    says = np.where(is_stranger, dice.integers(0, 3, n), says)
    sure = np.clip(0.55 + 0.4 * (says == truth) * dice.random(n), 0.5, 0.99)
    probabilities = np.repeat((1 - sure)[:, None] / 2, 3, axis=1)
    probabilities[np.arange(n), says] = sure
    ids = tuple(f"{seed}-{number}" for number in range(n))
    shown = {name: "" if stranger else LABELS[label]
             for name, stranger, label in zip(ids, is_stranger, truth, strict=True)}  # fmt: skip
    return Predictions(LABELS, ids, ids, ("",) * n, given, probabilities), shown


def true_accuracy(answers: Predictions, shown: dict[str, str]) -> float:
    said = dict(zip(answers.ids, (LABELS[place] for place in answers.predicted), strict=True))
    known = [name for name in answers.ids if shown[name]]
    return sum(said[name] == shown[name] for name in known) / len(known)


def test_the_interval_holds_the_truth() -> None:
    """In at least 93 of 100 tests with strangers and wrong labels; and it is worth its name."""
    held, halves = 0, []
    for seed in range(100):
        answers, shown = planted(seed)
        seen = {name: shown[name] for name in draw_order(answers)[:60]}
        found = estimate_accuracy(answers, seen)
        assert (found.seen, found.counted) == (60, 60)
        held += found.low <= true_accuracy(answers, shown) <= found.high
        halves.append((found.high - found.low) / 2)
    assert held >= 93
    # as many looks by chance alone would give 0.066
    assert np.mean(halves) < 0.055


def test_who_has_seen_all_knows() -> None:
    answers, shown = planted(1, 80)
    found = estimate_accuracy(answers, shown)
    assert found.value == pytest.approx(true_accuracy(answers, shown))
    assert found.low == found.high and found.more == 0
    assert found.strangers == sum(not name for name in shown.values())
    assert found.of_seen[0] == pytest.approx(found.value)


def test_so_many_more_looks_give_two_points() -> None:
    answers, shown = planted(2, 600)
    order = draw_order(answers)
    first = estimate_accuracy(answers, {name: shown[name] for name in order[:60]})
    later = estimate_accuracy(answers, {name: shown[name] for name in order[: 60 + first.more]})
    assert first.more > 20 and (later.high - later.low) / 2 == pytest.approx(0.02, abs=0.008)


def test_disputed_pictures_come_early_and_every_picture_comes() -> None:
    answers, _ = planted(3)
    order = draw_order(answers)
    disputed = {name for name, right in zip(answers.ids, answers.right, strict=True) if not right}
    assert sorted(order) == sorted(answers.ids)
    assert len(disputed & set(order[:60])) > 1.5 * 60 * len(disputed) / 300


def test_what_was_picked_out_of_turn_is_seen_but_does_not_count() -> None:
    """Whoever looks at the worst first must not make the model look worse."""
    answers, shown = planted(4)
    order = draw_order(answers)
    seen = {name: shown[name] for name in order[:60]}
    picked = {name: shown[name] for name in order[150:200]}
    both = estimate_accuracy(answers, seen | picked)
    assert both.seen == 110 and both.value == estimate_accuracy(answers, seen).value
    assert not estimate_accuracy(answers, picked).is_estimated


def test_few_looks_give_no_interval() -> None:
    answers, shown = planted(5)
    found = estimate_accuracy(
        answers, {name: shown[name] for name in draw_order(answers)[: LEAST - 1]}
    )
    assert not found.is_estimated and (found.low, found.high) == (0, 1)
    assert estimate_accuracy(answers, {}).seen == 0


def test_an_estimate_beyond_one_has_an_interval_nonetheless() -> None:
    """Where those that were looked at are less sure than the rest, by chance."""
    n = 100
    ids = sorted(map(str, range(n)), key=lambda name: digest_of(f"look {name}".encode()))
    sure = np.where(np.arange(n) % 2, 0.99, np.where(np.arange(n) < 30, 0.7, 0.98))
    sure[0] = 0.6
    probabilities = np.stack([sure, 1 - sure, np.zeros(n)], axis=1)
    answers = Predictions(
        LABELS, tuple(ids), tuple(ids), ("",) * n, np.zeros(n, int), probabilities
    )
    looks = {name: "beans" for name in ids[:30]} | {ids[0]: "bread"}
    found = estimate_accuracy(answers, looks)
    assert found.is_estimated and found.low < found.value == found.high == 1


def test_without_a_label_a_look_means_the_class_under_which_a_picture_was_found(
    tmp_path: Path,
) -> None:
    """On the page, the class found is written as none."""
    row = {"id": "a" * 64, "label": "beans", "given_label": "salad", "state": KEPT, "split": "test"}
    path = tmp_path / "looks.csv"
    path.write_text(f"id,keep,label\n{'a' * 64},1,\n")
    assert read_looks(path, new_manifest([row]), LABELS) == {"a" * 64: "salad"}


def test_looks_are_read_by_content_and_name_classes_of_the_recipe(tmp_path: Path) -> None:
    rows = [{"id": digit * 64, "origin": f"{digit}.jpg", "label": "beans", "state": KEPT,
             "split": "test" if digit < "d" else "train"} for digit in "abcd"]  # fmt: skip
    path = tmp_path / "looks.csv"
    assert read_looks(path, new_manifest(rows), LABELS) == {}
    path.write_text("id,keep,label\n" + "".join(
        f"{digit * 64},{keep},{label}\n" for digit, keep, label in
        [("a", 1, ""), ("b", 1, "bread"), ("c", 0, ""), ("d", 1, ""), ("e", 1, "")]))  # fmt: skip
    looks = read_looks(path, new_manifest(rows), LABELS)
    assert looks == {"a" * 64: "beans", "b" * 64: "bread", "c" * 64: ""}
    path.write_text("id,keep,label\naaaaaaaa,1,soup\n")
    with pytest.raises(TableError, match="label is 'soup'"):
        read_looks(path, new_manifest(rows), LABELS)
