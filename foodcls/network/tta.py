"""Answers by the mean over views of a picture: as it is, mirrored, upside down, both."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

ACROSS, DOWN = 3, 2
# the dimensions that each view is flipped along
VIEWS: tuple[tuple[int, ...], ...] = ((), (ACROSS,), (DOWN,), (DOWN, ACROSS))


def mean_answer(answer: Callable[[Tensor], Tensor], pixels: Tensor, views: int) -> Tensor:
    """Logits (N, C) for pixels (N, 3, S, S), from the first so many of the views.

    The logarithm of the mean probability: its softmax is that mean, so that temperature, judge
    and export treat it as they treat the logits of one view.
    """
    if views == 1:
        return answer(pixels)
    seen = [pixels.flip(flip) if flip else pixels for flip in VIEWS[:views]]
    answers = torch.stack([answer(view).log_softmax(1) for view in seen])
    return answers.logsumexp(0) - math.log(views)
