"""Exports a network by torch.export, the successor of TorchScript in Python, as a .pt2 file."""

import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from foodcls.export.torchscript import InferenceConfig, to_probabilities
from foodcls.network.resize import resample

# the entry of the file for what TorchScript keeps in attributes
FACTS = "foodcls.json"
# unequal sizes above 1: torch.export would take equal ones for always equal
EXAMPLE = (2, 3, 7, 5)


class _Inference(nn.Module):
    def __init__(self, network: nn.Module, config: InferenceConfig) -> None:
        super().__init__()
        self.network = network
        self.config = config

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        # resample has no branch on the size: one program for all sizes
        outputs: Tensor = self.network(resample(images, self.config.size))
        return to_probabilities(outputs, len(self.config.labels), self.config.temperature)


def program_bytes(
    network: nn.Module, config: InferenceConfig, provenance: Mapping[str, str]
) -> bytes:
    """The .pt2 file of a network: for batches and pictures of any size, on the CPU."""
    facts = asdict(config) | {"provenance": dict(provenance)}
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # it takes channels-last weights for slices of others, and still writes them whole
        warnings.filterwarnings("ignore", "No complete tensor found")
        torch.export.save(
            _without_sources(_export(network, config)),
            buffer,
            extra_files={FACTS: json.dumps(facts, ensure_ascii=False)},
        )
    return buffer.getvalue()


def _export(network: nn.Module, config: InferenceConfig) -> ExportedProgram:
    shape: Any = {"images": {0: Dim("count"), 2: Dim("height"), 3: Dim("width")}}
    example = torch.zeros(EXAMPLE, dtype=torch.uint8)
    module = _Inference(network.cpu().eval(), config).eval()
    with torch.no_grad():
        return torch.export.export(module, (example,), dynamic_shapes=shape)


def _without_sources(program: ExportedProgram) -> ExportedProgram:
    """Remove stack traces: they name files and lines of this machine."""
    for module in program.graph_module.modules():
        for node in getattr(module, "graph", torch.fx.Graph()).nodes:
            node.meta.pop("stack_trace", None)
    return program
