"""Keeps an exponential moving average (EMA) of all that training changes in a network."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from foodcls.network.network import Network


@dataclass(frozen=True)
class EMA:
    """The averages of a network's tensors, by name, with their shapes, dtypes and device."""

    decay: float
    tensors: Mapping[str, Tensor]

    @torch.no_grad()
    def update(self, network: Network, step: int) -> None:
        """Take in the weights after a step, counted from 0; early steps have a lower decay."""
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        for name, value in trainable_state(network).items():
            if value.is_floating_point():
                self.tensors[name].lerp_(value, share)
            else:
                self.tensors[name].copy_(value)

    def restart(self, network: Network) -> None:
        """Let the averages begin anew at the weights as they are."""
        for name, value in trainable_state(network).items():
            self.tensors[name].copy_(value.detach())

    @contextmanager
    def swapped_into(self, network: Network) -> Iterator[None]:
        """Put the averages into the network inside the block, and its own weights back after."""
        own = copy_tensors(trainable_state(network))
        network.load_state_dict(self.tensors, strict=False)
        try:
            yield
        finally:
            network.load_state_dict(own, strict=False)


def start_ema(network: Network, decay: float) -> EMA | None:
    """An EMA that begins at the weights as they are; none for a decay of 0."""
    return EMA(decay, copy_tensors(trainable_state(network))) if decay else None


def trainable_state(network: Network) -> dict[str, Tensor]:
    """All weights and batch statistics that training changes, by their name in the network."""
    moving = {
        id(value)
        for module in (network.head, *network.trainable)
        for value in (*module.parameters(), *module.buffers())
    }
    state = network.state_dict(keep_vars=True)
    return {name: value for name, value in state.items() if id(value) in moving}


def copy_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the device of each tensor."""
    return {name: value.detach().clone() for name, value in tensors.items()}
