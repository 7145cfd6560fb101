import numpy as np
import pytest
from PIL import Image, ImageDraw

from foodcls.recipe.data_settings import AffineRanges
from foodcls.recipe.train_settings import Extras
from foodcls.train.online_augment import Background, RandomAffine, choose_background


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


DIGESTS = [f"{number:064x}" for number in range(60)]


@pytest.fixture
def dish() -> np.ndarray:
    """A red disc on a blue table."""
    image = Image.new("RGB", (120, 96), (70, 90, 160))
    ImageDraw.Draw(image).ellipse((30, 20, 90, 76), (200, 40, 30))
    return np.asarray(image)


def corners(picture: np.ndarray) -> tuple[int, ...]:
    return tuple(picture[0, 0].tolist())


def test_the_share_of_pictures_is_put_on_white_and_the_dish_stays(dish: np.ndarray) -> None:
    background = Background("white", 0.5, seed=0)
    changed = [background.change(dish, digest) for digest in DIGESTS]
    on_white = [picture for picture in changed if corners(picture) == (255, 255, 255)]
    assert 20 <= len(on_white) <= 40
    assert all(picture is dish for picture in changed if corners(picture) != (255, 255, 255))
    assert all((picture[48, 60] == [200, 40, 30]).all() for picture in on_white)


def test_random_colors_differ_from_picture_to_picture_and_not_from_time_to_time(
    dish: np.ndarray,
) -> None:
    background = Background("random", 1.0, seed=0)
    first = [corners(background.change(dish, digest)) for digest in DIGESTS]
    assert first == [corners(background.change(dish, digest)) for digest in DIGESTS]
    assert len(set(first)) > 50


def test_the_version_tells_backgrounds_apart() -> None:
    kinds = [("white", 0.5, 0), ("random", 0.5, 0), ("white", 1.0, 0), ("white", 0.5, 1)]
    assert len({Background(*kind).version for kind in kinds}) == 4


def test_pictures_are_kept_unless_asked() -> None:
    assert choose_background(Extras(), 0) is None
    asked = choose_background(Extras(background="white", background_share=0.25), 7)
    assert asked == Background("white", 0.25, 7)
