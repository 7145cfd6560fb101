"""The exported module as an ExportedProgram, and its bytes: what succeeds TorchScript in Python."""

import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from foodcls.export.torchscript import Manner
from foodcls.network.resize import resample

# the part of the file that says what TorchScript keeps in attributes
FACTS = "foodcls.json"
# sizes unlike each other and unlike 1: what is alike would be taken for always alike
EXAMPLE = (2, 3, 7, 5)


class _Answering(nn.Module):
    def __init__(self, network: nn.Module, manner: Manner) -> None:
        super().__init__()
        self.network = network
        self.manner = manner

    def forward(self, images: Tensor) -> Tensor:
        # without the look at the size: one program for all sizes
        logits: Tensor = self.network(resample(images, self.manner.size))
        return torch.softmax(logits / self.manner.temperature, 1)


def program_bytes(network: nn.Module, manner: Manner, provenance: Mapping[str, str]) -> bytes:
    """The .pt2 file of a network: for batches and pictures of any size, on a processor."""
    facts = asdict(manner) | {"provenance": dict(provenance)}
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # weights that are laid out for speed it takes for parts of others, and writes them whole
        warnings.filterwarnings("ignore", "No complete tensor found")
        torch.export.save(
            _without_sources(_export(network, manner)),
            buffer,
            extra_files={FACTS: json.dumps(facts, ensure_ascii=False)},
        )
    return buffer.getvalue()


def _export(network: nn.Module, manner: Manner) -> ExportedProgram:
    shape: Any = {"images": {0: Dim("count"), 2: Dim("height"), 3: Dim("width")}}
    example = torch.zeros(EXAMPLE, dtype=torch.uint8)
    answering = _Answering(network.cpu().eval(), manner).eval()
    with torch.no_grad():
        return torch.export.export(answering, (example,), dynamic_shapes=shape)


def _without_sources(program: ExportedProgram) -> ExportedProgram:
    """Leave out what names the files and the lines of this machine."""
    for module in program.graph_module.modules():
        for node in getattr(module, "graph", torch.fx.Graph()).nodes:
            node.meta.pop("stack_trace", None)
    return program
