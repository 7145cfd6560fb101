"""Lets a part of a batch be computed as in the whole: the statistics of batch norms, and dropout.

The other parts are other processes'. torch's own SyncBatchNorm knows graphics cards alone.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.distributed import group as groups
from torch.distributed._functional_collectives import all_reduce
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from foodcls.work.process_group import ProcessGroup


def as_in_whole(group: ProcessGroup, count: int) -> AbstractContextManager[object]:
    """Compute this process's part of a batch of `count` examples in the block."""
    return WholeBatch(group, count) if group.size > 1 else nullcontext()


class WholeBatch(TorchFunctionMode):
    """Takes the place of torch's batch normalization and dropout in training mode."""

    def __init__(self, group: ProcessGroup, count: int) -> None:
        super().__init__()
        self._group, self._count = group, count

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Call what stands for a function, or the function itself."""
        named = kwargs or {}
        if func is functional.batch_norm and named.get("training"):
            return _batch_norm(*args, **named)
        if func is functional.dropout and named.get("training") and named["p"]:
            return self._dropout(*args, **named)
        return func(*args, **named)

    def _dropout(self, values: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
        """What one process would drop of these examples; the seed is the same in all."""
        drawn = values.new_empty((self._count, *values.shape[1:])).bernoulli_(1 - p).div_(1 - p)
        return values * drawn[self._group.part(self._count)]


def _batch_norm(
    values: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> Tensor:
    """Normalize (n, C, ...) by mean and variance of each channel over all processes' examples."""
    dims = [0, *range(2, values.ndim)]
    shape = (1, -1, *[1] * (values.ndim - 2))
    wide = values.float()
    own = wide.new_tensor([wide.numel() / wide.shape[1]])
    *sums, count = _add(torch.cat([wide.sum(dims), own])).split([wide.shape[1], 1])
    mean = sums[0] / count.detach()
    gap = wide - mean.view(shape)
    variance = _add(gap.square().sum(dims)) / count.detach()
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            running_mean.lerp_(mean, momentum)
            running_var.lerp_(variance * count / (count - 1), momentum)
    found = gap * (variance + eps).rsqrt().view(shape)
    if weight is not None and bias is not None:
        found = found * weight.view(shape) + bias.view(shape)
    return found.to(values.dtype)


def _add(values: Tensor) -> Tensor:
    """The sum over all processes; so is its gradient."""
    every = groups.WORLD
    assert every is not None
    found: Tensor = all_reduce(values, "sum", every)
    return found
