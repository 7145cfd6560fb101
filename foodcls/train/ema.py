"""Keeps a running average of what training changes: it wavers less than the weights themselves."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from foodcls.network.network import Network


@dataclass(frozen=True)
class Average:
    """The averages of a network's tensors, by name; they lie where the network does."""

    decay: float
    tensors: Mapping[str, Tensor]

    @torch.no_grad()
    def update(self, network: Network, step: int) -> None:
        """Take in the weights after a step, counted from 0; early ones are soon forgotten."""
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        for name, value in changing_tensors(network).items():
            if value.is_floating_point():
                self.tensors[name].lerp_(value, share)
            else:
                self.tensors[name].copy_(value)

    @contextmanager
    def standing_in(self, network: Network) -> Iterator[None]:
        """Let the network answer with the averages inside."""
        own = copy_tensors(changing_tensors(network))
        network.load_state_dict(self.tensors, strict=False)
        try:
            yield
        finally:
            network.load_state_dict(own, strict=False)


def start_average(network: Network, decay: float) -> Average | None:
    """An average that begins at the weights as they are; none for a decay of 0."""
    return Average(decay, copy_tensors(changing_tensors(network))) if decay else None


def changing_tensors(network: Network) -> dict[str, Tensor]:
    """All weights and statistics that training changes, by name in the network."""
    moving = {
        id(value)
        for module in (network.head, *network.trainable)
        for value in (*module.parameters(), *module.buffers())
    }
    state = network.state_dict(keep_vars=True)
    return {name: value for name, value in state.items() if id(value) in moving}


def copy_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies that lie where the tensors do."""
    return {name: value.detach().clone() for name, value in tensors.items()}
