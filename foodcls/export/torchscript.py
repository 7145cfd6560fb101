"""Exports a network as a TorchScript .pt file: pictures in, probabilities out."""

import io
import threading
import warnings
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
class InferenceConfig:
    """How a network is used: its input size, classes, temperature and thresholds."""

    size: int  # pixels a side of what the network sees
    labels: tuple[str, ...]  # in output order
    temperature: float = 1.0
    abstain_below: float = 0.0
    known_from: float = 0.0

    def metadata(self) -> dict[str, str]:
        """All fields as text, which programs in any language read; labels are one a line."""
        return {
            "labels": "\n".join(self.labels),
            "size": str(self.size),
            "temperature": repr(self.temperature),
            "abstain_below": repr(self.abstain_below),
            "known_from": repr(self.known_from),
        }


class Exported(nn.Module):
    """Maps uint8 pictures (N, 3, H, W) of any size, RGB and upright, to two tensors.

    The first are the probabilities of the classes, (N, C), in the order of `labels`, given that a
    picture shows one of them; the second, (N,), the probability that it does. A program should
    answer "none of these" when the second is below `known_from`, and abstain when the highest of
    the first is below `abstain_below`; `provenance` says what the file was made from.
    """

    labels: list[str]
    provenance: dict[str, str]
    size: int
    temperature: float
    abstain_below: float
    known_from: float

    def __init__(
        self, network: nn.Module, config: InferenceConfig, provenance: Mapping[str, str]
    ) -> None:
        super().__init__()
        self.network = network
        self.size = config.size
        self.labels = list(config.labels)
        self.temperature = config.temperature
        self.abstain_below = config.abstain_below
        self.known_from = config.known_from
        self.provenance = dict(provenance)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities, float32 (N, C) and (N,), of `images`, uint8 (N, 3, H, W)."""
        if images.dtype != torch.uint8 or images.dim() != 4 or images.size(1) != 3:
            raise ValueError("expected uint8 pictures of shape (N, 3, H, W), RGB, 0 to 255")
        outputs = self.network(squash(images, self.size))
        return to_probabilities(outputs, len(self.labels), self.temperature)


def to_probabilities(outputs: Tensor, classes: int, temperature: float) -> tuple[Tensor, Tensor]:
    """Of a network's outputs: probabilities (N, C), whose rows sum to 1, and of any class (N,).

    `outputs` are logits (N, C), and log P(some class) as a last column where that was learnt;
    where it was not, that probability is 1.
    """
    known = torch.exp(outputs[:, classes:].sum(1))
    return torch.softmax(outputs[:, :classes] / temperature, 1), known


def export_bytes(
    network: nn.Module, config: InferenceConfig, provenance: Mapping[str, str]
) -> bytes:
    """The TorchScript file of a network; the same arguments give the same bytes."""
    network = network.cpu().eval()
    # with a batch of one, the trace would fix that size
    example = torch.zeros(2, 3, config.size, config.size, dtype=torch.uint8)
    with _ONE_AT_A_TIME, _own_names(), torch.no_grad(), warnings.catch_warnings():
        # the files are compared with the network before they are kept
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        traced = torch.jit.trace(network, example, check_trace=False)
        scripted = torch.jit.script(Exported(traced, config, provenance).eval())
        buffer = io.BytesIO()
        torch.jit.save(scripted, buffer)
    return _without_sources(buffer.getvalue())


@contextmanager
def _own_names() -> Iterator[None]:
    """Compile in a namespace of its own: else class names get a number at the second export."""
    unit, types = _state._python_cu, _recursive.concrete_type_store
    _state._python_cu = torch._C.CompilationUnit()
    _recursive.concrete_type_store = _recursive.ConcreteTypeStore()
    try:
        yield
    finally:
        _state._python_cu, _recursive.concrete_type_store = unit, types


def _without_sources(archive: bytes) -> bytes:
    """Remove the debug records: they name files and lines of this machine."""
    reader = torch._C.PyTorchFileReader(io.BytesIO(archive))
    buffer = io.BytesIO()
    writer = torch._C.PyTorchFileWriter(buffer)
    for name in reader.get_all_records():
        if not name.endswith(".debug_pkl") and name not in _WRITERS_OWN:
            record = reader.get_record(name)
            writer.write_record(name, record, len(record))
    writer.write_end_of_file()
    return buffer.getvalue()
