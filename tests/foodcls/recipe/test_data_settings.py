import pytest
from pydantic import BaseModel, ValidationError

from foodcls.recipe.data_settings import AffineRanges, Augment, Collect, Dedup, Split


def test_defaults_are_the_originals() -> None:
    augment = Augment()
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
    ],
)
def test_impossible_values_are_refused(model: type[BaseModel], values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(values)


def test_a_scale_goes_from_small_to_large() -> None:
    with pytest.raises(ValidationError, match="from small to large"):
        AffineRanges(scale=(1.2, 0.8))
