"""Several backbones as one: the features of each stand beside those of the others."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Channels = tuple[float, ...]  # of red, green and blue, as shares of 255


class SideBySide(nn.Module):
    """Maps pictures, float32 (N, 3, S, S), to the features of all members, (N, F1 + F2 + ...).

    Pictures come normalized by the first member's mean and deviation; each of the others gets them
    as its own weights want them.
    """

    scales: Tensor
    shifts: Tensor

    def __init__(
        self, members: Sequence[nn.Module], means: Sequence[Channels], stds: Sequence[Channels]
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        mean, std = (torch.tensor(rows).reshape(-1, 3, 1, 1) for rows in (means, stds))
        # known from the members, so not part of the weights
        self.register_buffer("scales", std[0] / std, persistent=False)
        self.register_buffer("shifts", (mean[0] - mean) / std, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Features (N, F1 + F2 + ...) of images (N, 3, S, S)."""
        seen = [
            member(images * self.scales[number] + self.shifts[number])
            for number, member in enumerate(self.members)
        ]
        return torch.cat(seen, 1)
