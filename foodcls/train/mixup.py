"""Lays pictures of a batch over each other, answers likewise (mixup, Zhang et al. 2018)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def blend(
    inputs: Sequence[Tensor], targets: Tensor, alpha: float, seed: int
) -> tuple[list[Tensor], Tensor]:
    """Each example with another of the batch, in shares drawn once from Beta(alpha, alpha).

    `targets` are shares of classes, (N, C). What lies behind a frozen trunk is blended there.
    """
    draw = np.random.default_rng(seed)
    share = float(draw.beta(alpha, alpha))
    others = torch.from_numpy(draw.permutation(len(targets))).to(targets.device)
    mixed = [torch.lerp(one[others].float(), one.float(), share) for one in inputs]
    return mixed, torch.lerp(targets[others], targets, share)
