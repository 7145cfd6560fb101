import pandas as pd
import pytest
import torch

from foodcls.learn.challenge import challenge
from foodcls.learn.modelfile import Model
from foodcls.manifest import new_manifest
from foodcls.store import Store

LABELS = ("dark", "light")


class ByBrightness(torch.nn.Module):
    """Calls a picture light with the probability of its mean; `sign` -1 calls it the other way."""

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.sign = sign

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        light = torch.sigmoid(self.sign * (images.float().mean((1, 2, 3)) - 128) / 20)
        return torch.stack([1 - light, light], 1)


def model(sign: float, labels: tuple[str, ...] = LABELS) -> Model:
    return Model(torch.jit.script(ByBrightness(sign)), labels, {}, "")


@pytest.fixture
def pictures(store: Store, encode, noise) -> pd.DataFrame:
    rows = []
    for number, label in enumerate(LABELS * 3):
        image = noise(number).point(lambda value, up=label == "light": value // 2 + 127 * up)
        digest = store.put(encode(image))
        rows.append({"id": digest, "picture": digest, "label": label, "state": "kept",
                     "split": "test"})  # fmt: skip
    return new_manifest(rows)


class Scores:
    """What of an evaluation a challenge reads."""

    labels, split = LABELS, "test"

    def __init__(self, accuracy: float, position: float) -> None:
        self.accuracy, self.average_position = accuracy, position


def test_a_better_model_is_promoted_and_a_worse_or_equal_one_is_not(
    pictures: pd.DataFrame, store: Store
) -> None:
    wrong, right = model(-1.0), model(1.0)
    assert challenge(wrong, Scores(0.5, 1.5), pictures, store).is_promoted
    assert not challenge(right, Scores(0.5, 1.5), pictures, store).is_promoted
    assert not challenge(right, Scores(1.0, 1.0), pictures, store).is_promoted


def test_better_in_one_figure_and_worse_in_the_other_is_not_better(
    pictures: pd.DataFrame, store: Store
) -> None:
    # the champion has every picture wrong: accuracy 0, average position 2
    assert not challenge(model(-1.0), Scores(0.5, 2.5), pictures, store).is_promoted


def test_the_reason_tells_the_figures(pictures: pd.DataFrame, store: Store) -> None:
    reason = challenge(model(1.0), Scores(0.5, 1.5), pictures, store).reason
    assert "0.5000 against 1.0000" in reason and "6 test pictures" in reason


def test_a_champion_of_other_classes_gives_way(pictures: pd.DataFrame, store: Store) -> None:
    verdict = challenge(model(1.0, ("dark", "dim")), Scores(0.1, 2.0), pictures, store)
    assert verdict.is_promoted and "classes have changed" in verdict.reason
