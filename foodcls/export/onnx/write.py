"""Writes a network as an .onnx file: pictures in, probabilities out, all that an answer needs."""

import logging
import warnings
from collections.abc import Mapping
from typing import Any

import onnx
import torch
from torch import nn

from foodcls.export.exported_program import capture_interleaved
from foodcls.export.onnx.resize import resize
from foodcls.export.onnx.vet import INPUT, OUTPUTS, PROVENANCE
from foodcls.export.torchscript import InferenceConfig

# opset 18 is what torch writes best, and what runtimes of the last three years read
OPSET = 18
COUNT, HIGH, WIDE = "count", "height", "width"


def onnx_bytes(network: nn.Module, config: InferenceConfig, provenance: Mapping[str, str]) -> bytes:
    """The .onnx file of a network; the same arguments give the same bytes.

    Input `images`: uint8 (N, H, W, 3), upright RGB of any size. Outputs: `probabilities`, float32
    (N, C), and `known`, float32 (N,). Its metadata: `labels`, one a line in output order, `size`,
    `temperature`, `abstain_below`, `known_from`, and `provenance.…`.
    """
    program = capture_interleaved(network, config)
    with warnings.catch_warnings():
        # of torch about itself
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        written: Any = torch.onnx.export(
            program,
            (),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamo=True,
            opset_version=OPSET,
            custom_translation_table={torch.ops.aten._upsample_bilinear2d_aa.default: resize},
            verbose=False,
        )
    model = written.model_proto
    _clear(model)
    _name_sizes(model.graph)
    origin = {f"{PROVENANCE}{name}": text for name, text in sorted(provenance.items())}
    onnx.helper.set_model_props(model, config.metadata() | origin)
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _clear(model: Any) -> None:
    """Remove what names files and lines of this machine, and torch's notes to itself."""
    graph = model.graph
    for item in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info,
                 *graph.initializer):  # fmt: skip
        item.ClearField("metadata_props")
        item.ClearField("doc_string")


def _name_sizes(graph: Any) -> None:
    """Call the sizes that are free by words."""
    del graph.value_info[:]
    shapes = [graph.input[0], *graph.output]
    for item, names in zip(shapes, ((COUNT, HIGH, WIDE), (COUNT,), (COUNT,)), strict=True):
        for dim, name in zip(item.type.tensor_type.shape.dim, names, strict=False):
            dim.dim_param = name
