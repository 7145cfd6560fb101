"""Exports a network by torch.export, the successor of TorchScript in Python, as a .pt2 file."""

import io
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from foodcls.export.model import Model
from foodcls.export.torchscript import InferenceConfig, to_probabilities
from foodcls.metrics.ranks import Floats
from foodcls.network.resize import Pixels, as_images, resample
from foodcls.store.store import digest_of

# the entry of the file for what TorchScript keeps in attributes
FACTS = "foodcls.json"
# unequal sizes above 1: torch.export would take equal ones for always equal
EXAMPLE = (2, 3, 7, 5)


class InferenceModule(nn.Module):
    """Maps uint8 pictures (N, 3, H, W) to probabilities (N, C) and (N,), see `Exported`."""

    def __init__(self, network: nn.Module, config: InferenceConfig) -> None:
        super().__init__()
        self.network = network
        self.config = config

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities of the classes, and of any of them."""
        # resample has no branch on the size: one program for all sizes
        outputs: Tensor = self.network(resample(images, self.config.size))
        return to_probabilities(outputs, len(self.config.labels), self.config.temperature)


def program_bytes(
    network: nn.Module, config: InferenceConfig, provenance: Mapping[str, str]
) -> bytes:
    """The .pt2 file of a network: for batches and pictures of any size, on the CPU."""
    facts = asdict(config) | {"provenance": dict(provenance)}
    example, buffer = torch.zeros(EXAMPLE, dtype=torch.uint8), io.BytesIO()
    with warnings.catch_warnings():
        # it takes channels-last weights for slices of others, and still writes them whole
        warnings.filterwarnings("ignore", "No complete tensor found")
        torch.export.save(
            capture(InferenceModule(network.cpu().eval(), config).eval(), example, (0, 2, 3)),
            buffer,
            extra_files={FACTS: json.dumps(facts, ensure_ascii=False)},
        )
    return buffer.getvalue()


def read_program(data: bytes) -> Model:
    """The model in a .pt2 file's bytes, whose digest is trusted: torch runs parts of it."""
    extra = {FACTS: ""}
    program = torch.export.load(io.BytesIO(data), extra_files=extra).module()
    return model_of(program, json.loads(extra[FACTS]), digest_of(data))


def model_of(module: Callable[[Tensor], Any], facts: Mapping[str, Any], digest: str) -> Model:
    """A module of torch, of uint8 (N, 3, H, W), with what its file says of it."""

    @torch.inference_mode()
    def answer(pixels: Pixels) -> tuple[Floats, Floats]:
        shares, known = module(as_images(pixels))
        return shares.numpy(), known.numpy()

    return Model(
        answer=answer,
        labels=tuple(facts["labels"]),
        size=int(facts["size"]),
        abstain_below=float(facts["abstain_below"]),
        known_from=float(facts["known_from"]),
        provenance=dict(facts["provenance"]),
        digest=digest,
    )


class _Interleaved(nn.Module):
    """Takes pixels as decoders give them, (N, H, W, 3)."""

    def __init__(self, inference: InferenceModule) -> None:
        super().__init__()
        self.inference = inference

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        # machine code goes by where pixels lie: whatever comes, they are laid out anew
        answer: tuple[Tensor, Tensor] = self.inference(images.permute(0, 3, 1, 2).contiguous())
        return answer


def capture_interleaved(network: nn.Module, config: InferenceConfig) -> ExportedProgram:
    """A program that takes uint8 (N, H, W, 3), as decoders lay pixels out."""
    count, _, high, wide = EXAMPLE
    module = _Interleaved(InferenceModule(network.cpu().eval(), config)).eval()
    return capture(module, torch.zeros(count, high, wide, 3, dtype=torch.uint8), (0, 1, 2))


def capture(module: nn.Module, example: Tensor, free: tuple[int, int, int]) -> ExportedProgram:
    """Trace a module of `images`; the axes of count, height and width may have any length."""
    names = ("count", "height", "width")
    shape: Any = {"images": {axis: Dim(name) for axis, name in zip(free, names, strict=True)}}
    with torch.no_grad():
        return _without_sources(torch.export.export(module, (example,), dynamic_shapes=shape))


def _without_sources(program: ExportedProgram) -> ExportedProgram:
    """Remove stack traces: they name files and lines of this machine."""
    for module in program.graph_module.modules():
        for node in getattr(module, "graph", torch.fx.Graph()).nodes:
            node.meta.pop("stack_trace", None)
    return program
