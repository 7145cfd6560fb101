"""The module that becomes the exported file, and its bytes: pictures in, probabilities out."""

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.jit import _recursive, _state

from foodcls.network.resize import squash

_ONE_AT_A_TIME = threading.Lock()
# written anew for each file
_WRITERS_OWN = ("version", "byteorder", ".data/serialization_id")


@dataclass(frozen=True)
class Manner:
    """How a network's logits become answers."""

    size: int  # pixels a side of what the network sees
    labels: tuple[str, ...]  # in output order
    temperature: float = 1.0
    abstain_below: float = 0.0


class Exported(nn.Module):
    """Maps uint8 pictures (N, 3, H, W) of any size, RGB and upright, to probabilities (N, C).

    `labels` are the classes in output order; a highest probability below `abstain_below` is no
    answer; `provenance` says what the file was made from. A program reads them from the file, and
    so cannot have others.
    """

    labels: list[str]
    provenance: dict[str, str]
    size: int
    temperature: float
    abstain_below: float

    def __init__(self, network: nn.Module, manner: "Manner", provenance: Mapping[str, str]) -> None:
        super().__init__()
        self.network = network
        self.size = manner.size
        self.labels = list(manner.labels)
        self.temperature = manner.temperature
        self.abstain_below = manner.abstain_below
        self.provenance = dict(provenance)

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities of each class; they sum to 1."""
        if images.dtype != torch.uint8 or images.dim() != 4 or images.size(1) != 3:
            raise ValueError("expected uint8 pictures of shape (N, 3, H, W), RGB, 0 to 255")
        return torch.softmax(self.network(squash(images, self.size)) / self.temperature, 1)


def export_bytes(network: nn.Module, manner: Manner, provenance: Mapping[str, str]) -> bytes:
    """The TorchScript file of a network; the same arguments give the same bytes."""
    network = network.cpu().eval()
    # a batch of one would be built in as such
    example = torch.zeros(2, 3, manner.size, manner.size, dtype=torch.uint8)
    with _ONE_AT_A_TIME, _own_names(), torch.no_grad():
        traced = torch.jit.trace(network, example, check_trace=False)
        scripted = torch.jit.script(Exported(traced, manner, provenance).eval())
        buffer = io.BytesIO()
        torch.jit.save(scripted, buffer)
    return _without_sources(buffer.getvalue())


@contextmanager
def _own_names() -> Iterator[None]:
    """Compile in a space of names of its own: else a second export has its classes numbered on."""
    unit, types = _state._python_cu, _recursive.concrete_type_store
    _state._python_cu = torch._C.CompilationUnit()
    _recursive.concrete_type_store = _recursive.ConcreteTypeStore()
    try:
        yield
    finally:
        _state._python_cu, _recursive.concrete_type_store = unit, types


def _without_sources(archive: bytes) -> bytes:
    """Leave out the records for debugging: they name the files and the lines of this machine."""
    reader = torch._C.PyTorchFileReader(io.BytesIO(archive))
    buffer = io.BytesIO()
    writer = torch._C.PyTorchFileWriter(buffer)
    for name in reader.get_all_records():
        if not name.endswith(".debug_pkl") and name not in _WRITERS_OWN:
            record = reader.get_record(name)
            writer.write_record(name, record, len(record))
    writer.write_end_of_file()
    return buffer.getvalue()
