import numpy as np
import pytest

from foodcls.recipe.data_settings import AffineRanges
from foodcls.train.online_augment import RandomAffine


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, (4, 32, 32, 3), dtype=np.uint8)


STILL = AffineRanges(
    horizontal_flip=0, vertical_flip=0, rotation=0, translation=0, scale=(1, 1), shear=0
)


def test_what_is_drawn_depends_on_seed_epoch_and_place_alone(pixels: np.ndarray) -> None:
    augment = RandomAffine(AffineRanges(), seed=3)
    whole = augment(pixels, [0, 1, 2, 3], epoch=5)
    # in other company and order the same
    assert np.array_equal(augment(pixels[[2, 0]], [2, 0], epoch=5), whole[[2, 0]])
    assert not np.array_equal(augment(pixels, [0, 1, 2, 3], epoch=6), whole)
    assert not np.array_equal(RandomAffine(AffineRanges(), seed=4)(pixels, [0, 1, 2, 3], 5), whole)


def test_ranges_of_nothing_change_nothing(pixels: np.ndarray) -> None:
    assert np.array_equal(RandomAffine(STILL, 0)(pixels, range(4), 1), pixels)


def test_mirroring_is_mirroring_and_uncovered_corners_are_white(pixels: np.ndarray) -> None:
    mirrored = RandomAffine(STILL.model_copy(update={"horizontal_flip": 1.0}), 0)(
        pixels, range(4), 1
    )
    assert np.array_equal(mirrored, pixels[:, :, ::-1])
    shrunk = RandomAffine(STILL.model_copy(update={"scale": (0.5, 0.5)}), 0)(pixels, range(4), 1)
    assert (shrunk[:, 0, 0] == 255).all()
