"""What is nearly learnt gains nothing by more, what is not gains; the interval says how sure."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foodcls.errors import TrainingError
from foodcls.evaluate.enough import worth_rows
from foodcls.evaluate.learning_curves import (
    SHARES,
    Curve,
    Labeled,
    fit_head,
    label_pictures,
    measure_curve,
)
from foodcls.evaluate.quotas import Worth, next_quotas, raise_quotas, read_worth, write_worth
from foodcls.evaluate.worth import extrapolate, forecast_worth
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import new_manifest
from foodcls.progress import silent
from foodcls.recipe.data_settings import Collect, FoodClass
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store

CLASSES = (FoodClass(name="pesto", queries=("pesto",)), FoodClass(name="bread", queries=("b",)))


def power_law(gap: float, rate: float, count: int, noise: float = 0.0) -> Curve:
    """A curve that rises to 0.9, as measured on `count` pictures."""
    sizes = 80 * np.array(SHARES)
    recalls = 0.9 - gap * (sizes / 80) ** -rate
    rng = np.random.default_rng(0)
    # each picture lies between what is always and what is never right
    hard = np.linspace(0, 1, count, endpoint=False) + 0.5 / count
    right = np.clip((recalls[:, None] - hard) / 0.2 + 0.5, 0, 1)
    right += recalls[:, None] - right.mean(axis=1, keepdims=True)
    right += noise * rng.normal(size=(len(sizes), 1))
    return Curve(sizes, right, np.full(count, 1 / count), np.arange(count))


@pytest.fixture(scope="module")
def clouds() -> Labeled:
    """Two classes that lie apart, and two that take many pictures to tell apart."""
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(4), 60)
    centers = np.eye(4, 40)[truth] * np.array([4.0, 4.0, 1.0, 1.0])[truth][:, None]
    features = centers + rng.normal(0, 0.7, (240, 40))
    return label_pictures(features, truth, np.arange(240).astype(str))


@pytest.mark.parametrize("gap", [0.02, 0.1, 0.2])
def test_a_power_law_goes_on_as_one(gap: float) -> None:
    gain = extrapolate(power_law(gap, 0.7, 400), 80, 160)
    truth = gap * (1 - 2**-0.7)
    assert gain.low < truth < gain.high and gain.middle == pytest.approx(truth, abs=0.012)


def test_few_pictures_and_far_forecasts_are_less_sure() -> None:
    many, few = (power_law(0.1, 0.7, count) for count in (1000, 15))
    near, far = (extrapolate(many, 80, then) for then in (100, 320))
    wide = extrapolate(few, 80, 320)
    assert near.high - near.low < far.high - far.low < wide.high - wide.low


def test_no_forecast_ends_above_all_right() -> None:
    sizes = 80 * np.array(SHARES)
    right = np.repeat((0.98 - 0.4 * (sizes / 80) ** -0.3 + 0.4)[:, None], 50, axis=1)
    gain = extrapolate(Curve(sizes, right, np.full(50, 0.02), np.arange(50)), 80, 8000)
    # the true recall may be 1.64 standard errors of 50 pictures below the measured 0.98
    assert 0.01 < gain.middle <= gain.high == pytest.approx(0.02 + 1.64 * 0.0272, abs=1e-3)


@pytest.mark.parametrize(("count", "least"), [(18, 0.02), (1000, 0.0)])
def test_the_fewer_are_all_named_right_the_more_may_be_gained_yet(count: int, least: float) -> None:
    right = np.ones((len(SHARES), count))
    right[0] -= 0.02
    curve = Curve(18 * np.array(SHARES), right, np.full(count, 1 / count), np.arange(count))
    gain = extrapolate(curve, 18, 36)
    assert gain.low <= 0 <= gain.high and least <= gain.high < least + 0.01


def test_a_class_that_is_hard_gains_and_one_that_is_easy_does_not(clouds: Labeled) -> None:
    easy, hard = measure_curve(clouds, (0,)), measure_curve(clouds, (2,))
    assert easy.recalls[-1] > 0.98 and easy.recalls[-1] - easy.recalls[2] < 0.02
    assert hard.recalls[-1] - hard.recalls[0] > 0.05
    assert hard.sizes.tolist() == [6, 12, 24, 36, 48]
    assert extrapolate(easy, 48, 96).middle < 0.01 < extrapolate(hard, 48, 96).middle


def test_together_all_are_tested_and_the_same_pictures_give_the_same(clouds: Labeled) -> None:
    both = [measure_curve(clouds, range(4)) for _ in range(2)]
    np.testing.assert_array_equal(both[0].right, both[1].right)
    assert both[0].right.shape == (len(SHARES), 240) and np.isclose(both[0].weights.sum(), 1)


def test_nobody_is_tested_by_a_head_that_learnt_from_its_kin() -> None:
    """Noise that comes twice would be known by heart, were its twin learnt from."""
    rng = np.random.default_rng(1)
    half = rng.normal(size=(60, 200))
    twins = np.concatenate([half, half])
    truth, clusters = np.tile(np.repeat([0, 1], 30), 2), np.tile(np.arange(60), 2).astype(str)
    assert measure_curve(label_pictures(twins, truth, clusters), (0, 1)).recalls[-1] < 0.75
    apart = label_pictures(twins, truth, np.arange(120).astype(str))
    assert measure_curve(apart, (0, 1)).recalls[-1] > 0.75


def test_a_head_weighs_classes_alike() -> None:
    features = np.column_stack([np.random.default_rng(0).normal(size=(100, 3)), np.ones(100)])
    moments = {place: (part.T @ part / len(part), part.mean(axis=0))
               for place, part in enumerate((features[:10], features[10:]))}  # fmt: skip
    assert fit_head(moments)[-1].sum() == pytest.approx(1)
    assert fit_head(moments).shape == (4, 2)


def worth(label: str, gain: float, learnt: int = 60) -> Worth:
    return Worth(label, learnt, 0.8, 120, gain, gain - 0.02, gain + 0.02)


def test_the_next_crawl_asks_for_more_of_what_gains_and_never_for_less(tmp_path: Path) -> None:
    settings = Collect(engines=("bing",), per_query=100, quotas="auto")
    table = tmp_path / "worth.csv"
    assert next_quotas(CLASSES, settings, table) == CLASSES
    first = [worth("pesto", 0.03), worth("bread", 0.004), worth("", 0.02)]
    write_worth(first, raise_quotas(CLASSES, first, 100), table)
    assert read_worth(table) == first
    asked = next_quotas(CLASSES, settings, table)
    assert [item.per_query for item in asked] == [300, 100]
    second = [worth("pesto", 0.004, 180), worth("bread", 0.02)]
    write_worth(second, raise_quotas(asked, second, 100), table)
    assert [item.per_query for item in next_quotas(CLASSES, settings, table)] == [300, 300]
    even = settings.model_copy(update={"quotas": "even"})
    assert next_quotas(CLASSES, even, table) == CLASSES


def test_too_few_of_a_class_are_named(store: Store, quick: Train, tmp_path: Path) -> None:
    labels = ["pesto"] * 12 + ["bread"] * 9
    rows = [{"id": f"{number}", "label": label, "state": "kept", "split": "train"}
            for number, label in enumerate(labels)]  # fmt: skip
    with pytest.raises(TrainingError, match="fewer than 10 pictures of bread"):
        forecast_worth(new_manifest(rows), ("pesto", "bread"), quick,
                       FeatureCache(store, tmp_path, silent), 100)  # fmt: skip


def test_test_pictures_and_copies_have_no_part() -> None:
    rows = [{"id": str(number), "state": "kept", "split": split, "parent": parent}
            for number, (split, parent) in enumerate(
                [("train", ""), ("val", ""), ("test", ""), ("train", "0")])]  # fmt: skip
    assert worth_rows(pd.DataFrame(new_manifest(rows)))["id"].tolist() == ["0", "1"]
