import numpy as np
import pytest
from PIL import Image

from foodcls.image.silhouette import quarter_turn, random_crop, random_silhouette

WHITE = (255, 255, 255)


@pytest.fixture
def slope() -> Image.Image:
    """Red rises from left to right, green from top to bottom; nothing is white."""
    rows, columns = np.mgrid[0:150, 0:200]
    return Image.fromarray(np.stack([columns, rows, 0 * rows], axis=2).astype(np.uint8))


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("scale", [(0.1, 0.1), (0.5, 0.5), (1.0, 1.0)])
def test_a_crop_shows_the_share_of_the_area_that_is_asked(
    slope: Image.Image, scale: tuple[float, float]
) -> None:
    shares = []
    for seed in range(30):
        part = np.asarray(random_crop(slope, 64, scale, seeded(seed))).astype(int)
        assert part.shape == (64, 64, 3)
        across, down = np.ptp(part[..., 0]) + 1, np.ptp(part[..., 1]) + 1
        shares.append(across * down / (200 * 150))
    # a part longer than the picture is cut to it
    assert np.max(shares) <= scale[1] * 1.1 and np.median(shares) > scale[0] * 0.75


def test_a_silhouette_reaches_all_edges_and_leaves_a_part_white(slope: Image.Image) -> None:
    square = slope.resize((64, 64))
    covers = []
    for seed in range(20):
        inside = (np.asarray(random_silhouette(square, WHITE, seeded(seed))) != 255).any(axis=2)
        for edge in (inside[:2], inside[-2:], inside[:, :2], inside[:, -2:]):
            assert edge.any()
        covers.append(inside.mean())
    assert min(covers) > 0.2 and max(covers) < 0.95 and np.ptp(covers) > 0.1


def test_inside_the_outline_the_picture_stays(slope: Image.Image) -> None:
    square = slope.resize((64, 64))
    found = np.asarray(random_silhouette(square, WHITE, seeded(0)))
    same = (found == np.asarray(square)).all(axis=2)
    white = (found == 255).all(axis=2)
    assert (same | white).mean() > 0.8 and same.mean() > 0.2


def test_a_quarter_turn_moves_pixels_and_changes_none(slope: Image.Image) -> None:
    square = slope.resize((64, 64))
    turned = {quarter_turn(square, seeded(seed)).tobytes() for seed in range(20)}
    quarters = {square.rotate(angle).tobytes() for angle in (0, 90, 180, 270)}
    assert turned == quarters


def test_the_same_draw_gives_the_same_silhouette_and_another_another(slope: Image.Image) -> None:
    square = slope.resize((64, 64))
    one, same, other = (random_silhouette(square, WHITE, seeded(seed)) for seed in (1, 1, 2))
    assert one.tobytes() == same.tobytes() != other.tobytes()
