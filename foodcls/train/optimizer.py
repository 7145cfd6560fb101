"""Adam that reads its numbers as they lie in memory, whatever the layout of the weights."""

from typing import Any

import torch
from torch import Tensor


class DenseAdam(torch.optim.Adam):
    """Adam (Kingma and Ba, 2015), fused, for weights that lie as convolutions want them.

    torch's fused pass on a processor makes contiguous copies of such weights and their moments,
    which takes twice the time of the pass itself; and where layouts differ, as after
    `load_state_dict`, it adds numbers that do not belong together. Here they are all given the
    layout of their weight, and are handed over in the order of memory.
    """

    def load_state_dict(self, state_dict: Any) -> None:
        """Moments from a file are contiguous: lay them as their weights are."""
        super().load_state_dict(state_dict)
        for weight, state in self.state.items():
            for name, value in state.items():
                if value.shape == weight.shape:
                    state[name] = torch.empty_like(weight).copy_(value)

    # the one place where torch hands out what a step works on; torch is pinned
    def _init_group(self, group: dict[str, Any], *lists: Any) -> Any:
        has_complex = super()._init_group(group, *lists)
        weights, slopes, *moments, _steps = lists
        orders = [_order(weight) for weight in weights]
        for tensors in (weights, slopes, *moments):
            # a list of moments that are not kept is empty
            tensors[:] = [one.permute(order) for one, order in zip(tensors, orders, strict=False)]
        slopes[:] = [slope.contiguous() for slope in slopes]
        return has_complex


def _order(weight: Tensor) -> list[int]:
    """Its dimensions, from the one whose steps in memory are the longest to the shortest."""
    return sorted(range(weight.ndim), key=weight.stride, reverse=True)
