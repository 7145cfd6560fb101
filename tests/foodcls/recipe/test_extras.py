import pytest
from pydantic import ValidationError

from foodcls.recipe.extras import Extras, Moves


@pytest.mark.parametrize(
    "wrong",
    [{"views": 3}, {"ema": 1.0}, {"layer_decay": 0.0}, {"balance": "copies"}, {"mixups": 1}],
    ids=str,
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Extras.model_validate(wrong)


def test_a_scale_goes_from_small_to_large() -> None:
    with pytest.raises(ValidationError, match="from small to large"):
        Moves(scale=(1.2, 0.8))
