import pytest
from pydantic import BaseModel, ValidationError

from foodcls.recipe.train_settings import Extras, Inference, Train


def test_what_hangs_on_the_backbone_is_left_open() -> None:
    train = Train()
    assert (train.method, train.lr, train.trainable, train.input_size) == (*["auto"] * 3, 0)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Train, {"batch_size": 1}),
        (Train, {"lr": float("inf")}),
        (Inference, {"abstain_below": 0.5, "target_accuracy": 0.9}),
        (Extras, {"tta": 5}),
        (Extras, {"ema": 1.0}),
        (Extras, {"layer_decay": 0.0}),
        (Extras, {"balance": "copies"}),
        (Extras, {"mixups": 1}),
    ],
    ids=str,
)
def test_impossible_values_are_refused(model: type[BaseModel], values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(values)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        Train().epochs = 3
