"""Trains 3x3 convolutions with fewer multiplications, in fp32 on a processor (Winograd, 1980).

Lavin and Gray's F(4x4, 3x3), 2015: tiles of 6x6 inputs become 4x4 outputs by 36 products instead
of 144, as 36 matrix products for all tiles and pictures at once. That quarter is 0.33 where tiles
overhang, at 7x7 and 14x14, and 0.36 to 0.37 with the products that make and read the tiles, both
directions, in batches of 20. Values and gradients are those of the plain convolution within some
1e-5 of the largest.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

TILE, TAPS, CELLS = 4, 3, 6
# with fewer channels the tiles' sums cost more than the products spare: 64 at 56x56 was slower,
# 128 at 28x28 a third faster, 512 at 7x7 twice as fast
CHANNELS = 128
# the matrices of the article, for the points 0, 1, -1, 2, -2 and infinity
INPUTS = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
WEIGHTS = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
OUTPUTS = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))


@contextmanager
def winograd_convolutions(module: nn.Module) -> Iterator[None]:
    """Compute a module's large 3x3 convolutions by Winograd's algorithm inside the block."""
    changed: list[Any] = [part for part in module.modules() if can_use_winograd(part)]
    for part in changed:
        # as the products want it: no copy on the way, in either direction
        part.weight.data = _taps_first(part.weight.data)
        part.forward = partial(convolve, weight=part.weight)
    try:
        yield
    finally:
        for part in changed:
            del part.forward
            part.weight.data = part.weight.data.contiguous(memory_format=torch.channels_last)


def can_use_winograd(module: Any) -> bool:
    """Whether a module is a trainable 3x3 convolution of stride and padding 1, large enough."""
    return (
        type(module) is nn.Conv2d
        and module.kernel_size == (TAPS, TAPS)
        and module.stride == module.dilation == module.padding == (1, 1)
        and module.padding_mode == "zeros"
        and module.groups == 1
        and module.bias is None
        and min(module.in_channels, module.out_channels) >= CHANNELS
        and module.weight.requires_grad
    )


def convolve(images: Tensor, weight: Tensor) -> Tensor:
    """The 3x3 convolution, stride and padding 1, of float32 (N, I, H, W) by (O, I, 3, 3)."""
    output: Tensor = _Convolution.apply(images, weight)
    return output


@dataclass(frozen=True)
class _Side:
    """The matrices that cut a side of some length into tiles, and join them again."""

    spread: Tensor  # (tiles * 6, side): inputs to cells
    gather: Tensor  # (side, tiles * 6): cells to outputs


@lru_cache(maxsize=64)
def _side(length: int) -> _Side:
    tiles = -(-length // TILE)
    spread, gather = torch.zeros(tiles * CELLS, length), torch.zeros(length, tiles * CELLS)
    inputs, outputs = torch.tensor(INPUTS).float(), torch.tensor(OUTPUTS).float()
    for tile in range(tiles):
        cells = slice(tile * CELLS, (tile + 1) * CELLS)
        # a tile begins one before its first output; what lies outside is 0
        for number, place in enumerate(range(tile * TILE - 1, tile * TILE + CELLS - 1)):
            if 0 <= place < length:
                spread[cells, place] = inputs[:, number]
        for number, place in enumerate(range(tile * TILE, min(length, (tile + 1) * TILE))):
            gather[place, cells] = outputs[number]
    return _Side(spread, gather)


@lru_cache(maxsize=1)
def _taps_to_cells() -> Tensor:
    """(36, 9)"""
    weights = torch.tensor(WEIGHTS, dtype=torch.float64)
    return torch.kron(weights, weights).float()


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, pictures: Tensor, weight: Tensor) -> Tensor:
        outputs, inputs = weight.shape[:2]
        down, across = (_side(length) for length in pictures.shape[2:])
        cells = _map(pictures, down.spread, across.spread)
        taps = _taps_first(weight).permute(2, 3, 0, 1).reshape(TAPS * TAPS, outputs * inputs)
        factors = (_taps_to_cells() @ taps).view(CELLS * CELLS, outputs, inputs)
        ctx.save_for_backward(cells, factors)
        ctx.shape = pictures.shape
        return _unmap(torch.bmm(cells, factors.mT), down.gather, across.gather)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor]:
        cells, factors = ctx.saved_tensors
        down, across = (_side(length) for length in ctx.shape[2:])
        # what is linear runs backwards by its transpose
        gradients = _map(gradient, down.gather.mT, across.gather.mT)
        pictures = None
        if ctx.needs_input_grad[0]:
            pictures = _unmap(torch.bmm(gradients, factors), down.spread.mT, across.spread.mT)
        taps = _taps_to_cells().mT @ torch.bmm(gradients.mT, cells).flatten(1)
        return pictures, taps.view(TAPS, TAPS, *factors.shape[1:]).permute(2, 3, 0, 1)


def _map(pictures: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """(N, C, H, W) to (36, N * tiles, C)"""
    count, channels, height, width = pictures.shape
    rows = down @ pictures.permute(0, 2, 3, 1).reshape(count, height, width * channels)
    both = across @ rows.view(count, len(down), width, channels)
    tiles = both.view(count, -1, CELLS, len(across) // CELLS, CELLS, channels)
    return tiles.permute(2, 4, 0, 1, 3, 5).reshape(CELLS * CELLS, -1, channels)


def _unmap(cells: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """(36, N * tiles, C) to (N, C, H, W)"""
    channels, width = cells.shape[2], across.shape[1]
    high = down.shape[1] // CELLS
    tiles = cells.view(CELLS, CELLS, -1, high, width // CELLS, channels)
    both = tiles.permute(2, 3, 0, 4, 1, 5).reshape(-1, down.shape[1], width, channels)
    rows = across @ both
    whole = down @ rows.flatten(2)
    return whole.view(-1, len(down), len(across), channels).permute(0, 3, 1, 2)


def _taps_first(weight: Tensor) -> Tensor:
    """A copy of a weight, (O, I, 3, 3), laid out in memory as (3, 3, O, I)."""
    return weight.permute(2, 3, 0, 1).contiguous().permute(2, 3, 0, 1)
