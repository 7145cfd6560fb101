import pytest
from pydantic import ValidationError

from foodcls.recipe.settings import Answer, Augment, Collect, Dedup, Split, Train


def test_defaults_are_the_originals() -> None:
    train, augment = Train(), Augment()
    assert (train.backbone, train.weights, train.trainable) == ("resnet34", "imagenet", ("layer4",))
    assert (train.head, train.dropout, train.input_size) == (200, 0.3, 224)
    assert (train.lr, train.epochs, train.batch_size) == (3e-5, 8, 20)
    assert (augment.per_class, augment.rotation, augment.shear) == (301, 30, 7)
    assert (augment.translation, augment.scale) == (0.1, (0.8, 1.2))
    assert (augment.horizontal_flip, augment.vertical_flip) == (0.5, 0.5)


def test_private_hosts_are_refused_unless_asked_for() -> None:
    assert Collect(engines=("bing",)).allow_private_hosts is False


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Split, {"val": 0.0}),
        (Split, {"val": 0.6, "test": 0.4}),
        (Augment, {"scale": (1.2, 0.8)}),
        (Augment, {"per_class": 0}),
        (Collect, {}),
        (Dedup, {"distance": 33}),
        (Train, {"batch_size": 1}),
        (Train, {"lr": float("inf")}),
        (Answer, {"abstain_below": 0.5, "answers_right": 0.9}),
    ],
)
def test_impossible_values_are_refused(model: type, values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        model(**values)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        Train().epochs = 3
