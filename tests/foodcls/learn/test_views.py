import pytest
import torch
from torch import Tensor

from foodcls.learn.views import mean_answer

PIXELS = torch.randint(0, 256, (2, 3, 5, 5), generator=torch.Generator().manual_seed(0)).float()


def corner(pixels: Tensor) -> Tensor:
    """Logits that depend on the upper left pixel alone."""
    return pixels[:, :, 0, 0] / 50


def test_one_view_is_the_answer_itself() -> None:
    assert torch.equal(mean_answer(corner, PIXELS, 1), corner(PIXELS))


@pytest.mark.parametrize("views", [2, 4])
def test_the_softmax_is_the_mean_probability_over_the_views(views: int) -> None:
    corners = [(0, 0), (0, -1), (-1, 0), (-1, -1)][:views]
    wanted = torch.stack([(PIXELS[:, :, y, x] / 50).softmax(1) for y, x in corners]).mean(0)
    assert torch.allclose(mean_answer(corner, PIXELS, views).softmax(1), wanted, atol=1e-6)


def test_a_mirrored_picture_gets_the_same_answer() -> None:
    mirrored = mean_answer(corner, PIXELS.flip(3), 2)
    assert torch.allclose(mirrored, mean_answer(corner, PIXELS, 2), atol=1e-6)
