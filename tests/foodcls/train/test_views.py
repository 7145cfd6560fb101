import numpy as np
import pytest
from PIL import Image, ImageDraw

from foodcls.network.network import count_views
from foodcls.recipe.train_settings import Extras, Target, Train
from foodcls.train.views import View, training_views, validation_views

CUTOUT = Target(shape="cutout", rotation="any")
DIGESTS = [f"{number:064x}" for number in range(12)]


@pytest.fixture
def photo() -> np.ndarray:
    """A red dish on a blue table."""
    image = Image.new("RGB", (240, 160), (70, 90, 160))
    ImageDraw.Draw(image).ellipse((80, 30, 180, 130), (200, 40, 30))
    return np.asarray(image)


def is_blue(picture: np.ndarray) -> np.ndarray:
    whole = picture.astype(int)
    return (whole[..., 2] > whole[..., 0] + 40) & (whole[..., 2] < 200)


def test_the_first_view_of_a_cutout_is_the_whole_dish_without_its_table(photo: np.ndarray) -> None:
    dish = View(CUTOUT, 64, seed=0, number=0).change(photo, DIGESTS[0])
    assert is_blue(photo).mean() > 0.7 and is_blue(dish).mean() < 0.25
    assert (dish == 255).all(axis=2).mean() > 0.05


def test_further_views_are_parts_in_an_outline_that_differ_by_picture_number_and_seed(
    photo: np.ndarray,
) -> None:
    view = View(CUTOUT, 64, seed=0, number=1)
    seen = [view.change(photo, digest) for digest in DIGESTS]
    assert {picture.shape for picture in seen} == {(64, 64, 3)}
    assert len({picture.tobytes() for picture in seen}) == len(DIGESTS)
    assert all(0.1 < (picture == 255).all(axis=2).mean() < 0.95 for picture in seen)
    again, other, older = (
        View(CUTOUT, 64, seed, number).change(photo, DIGESTS[0]).tobytes()
        for seed, number in ((0, 1), (0, 2), (1, 1))
    )
    assert again == seen[0].tobytes() and len({again, other, older}) == 3


def test_a_background_of_any_color_is_seldom_white(photo: np.ndarray) -> None:
    view = View(CUTOUT.model_copy(update={"background": "any"}), 64, seed=0, number=1)
    shares = [(view.change(photo, digest) == 255).all(axis=2).mean() for digest in DIGESTS]
    assert np.median(shares) == 0


def test_parts_of_photos_show_no_white(photo: np.ndarray) -> None:
    for rotation in ("any", "upright"):
        view = View(Target(rotation=rotation), 64, seed=0, number=1)  # type: ignore[arg-type]
        assert not any((view.change(photo, one) == 255).all(axis=2).any() for one in DIGESTS)


def test_versions_tell_apart_what_looks_otherwise() -> None:
    views = [
        View(target, size, seed, number)
        for target in (CUTOUT, Target(), Target(scale=(0.1, 0.2)))
        for size in (32, 64)
        for seed in (0, 1)
        for number in (0, 1)
    ]
    # the size is in the version of the pixels
    assert len({view.version for view in views}) == len(views) / 2
    more = View(CUTOUT.model_copy(update={"views": 9}), 64, 0, 1)
    assert more.version == View(CUTOUT, 64, 0, 1).version


@pytest.mark.parametrize(
    ("target", "learnt", "judged", "answers"),
    [
        (None, [None], [None], 1),
        (Target(), [None, 1, 2], [None], 1),
        (Target(views=1), [None], [None], 1),
        (CUTOUT, [0, 1, 2], [0], 3),
    ],
    ids=["none", "photos", "photos alone", "cut out"],
)
def test_the_target_says_what_is_learnt_judged_and_averaged(
    target: Target | None, learnt: list[int | None], judged: list[int | None], answers: int
) -> None:
    settings = Train(target=target, seed=5, input_size=224)
    views = [training_views(settings), validation_views(settings)]
    numbers = [[getattr(view, "number", None) for view in looks] for looks in views]
    assert numbers == [learnt, judged]
    # which pictures are judged does not hang on the seed
    assert {getattr(view, "seed", 0) for view in views[1]} == {0}
    assert count_views(settings) == answers
    asked = settings.model_copy(update={"extras": Extras(tta=4)})
    assert count_views(asked) == 4


def test_a_scale_must_be_a_share_that_rises() -> None:
    for scale in ((0.5, 0.4), (0.5, 1.5)):
        with pytest.raises(ValueError, match="small to large"):
            Target(scale=scale)
