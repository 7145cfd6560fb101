"""Runs frozen convolutions together with their padding and activation, on a processor."""

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from foodcls.network import model_zoo
from foodcls.network.partition import followers, module_targets

# what oneDNN computes as it writes a convolution's outputs, to the same bits: its name, and bounds
Activation = tuple[str, tuple[float, ...]]
NONE: Activation = ("none", ())
ACTIVATIONS: dict[type, Activation] = {
    nn.Identity: NONE, nn.ReLU: ("relu", ()), nn.ReLU6: ("hardtanh", (0.0, 6.0)),
}  # fmt: skip


def fuse_activations(trunk: fx.GraphModule, precision: str) -> fx.GraphModule:
    """A copy whose convolutions pad and activate by themselves, of the same outputs.

    After `fuse_batch_norms` EfficientNet-Lite0 takes a quarter less of a processor's time in bf16,
    a sixth less in fp32. The trunk as it is where oneDNN cannot do it.
    """
    if not _can_fuse(trunk, precision):
        return trunk
    fused = copy.deepcopy(trunk)
    kinds = nn.Conv2d, model_zoo.timm.layers.Conv2dSame
    for target in module_targets(fused.graph):
        conv: Any = fused.get_submodule(target)
        # padding in words ("same") may differ from side to side
        is_plain = type(conv) in kinds and conv.padding_mode == "zeros"
        if is_plain and conv.dilation == (1, 1) and isinstance(conv.padding, tuple):
            activation = _absorb_activation(fused, target)
            fused.set_submodule(target, FusedConvolution(conv, activation, precision))
    fused.recompile()
    return fused


class FusedConvolution(nn.Module):
    """A frozen convolution of (N, C, H, W), with its padding and activation, in one precision.

    TensorFlow's padding, of which there may be one more below and to the right, is that of all
    sides for a kernel with zeros before its first row and column.
    """

    def __init__(self, conv: Any, activation: Activation, precision: str) -> None:
        super().__init__()
        self.conv, self.activation = conv, activation
        self.dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        # by shape of the images, as oneDNN wants them
        self.weights: dict[torch.Size, tuple[Tensor, Tensor | None, list[int]]] = {}

    def forward(self, images: Tensor) -> Tensor:
        """What the activation makes of the convolution of images."""
        if images.shape not in self.weights:
            self.weights[images.shape] = self._prepare(images.shape)
        name, bounds = self.activation
        output: Tensor = torch.ops.mkldnn._convolution_pointwise(
            images.to(self.dtype), *self.weights[images.shape], *self._steps(), name, bounds, ""
        )
        return output

    def _prepare(self, shape: torch.Size) -> tuple[Tensor, Tensor | None, list[int]]:
        conv, weight, bias = self.conv, self.conv.weight, self.conv.bias
        padding = list(conv.padding)
        if isinstance(conv, model_zoo.timm.layers.Conv2dSame):
            pad: Any = model_zoo.timm.layers.padding.pad_same_arg
            left, right, top, bottom = pad(shape[2:], conv.kernel_size, conv.stride)
            padding = [bottom, right]
            weight = functional.pad(weight, [right - left, 0, bottom - top, 0])
        plain = weight.to(self.dtype, memory_format=torch.channels_last)
        packed = torch.ops.mkldnn._reorder_convolution_weight(
            plain, padding, *self._steps(), list(shape)
        )
        return packed, None if bias is None else bias.to(self.dtype), padding

    def _steps(self) -> tuple[Any, ...]:
        return self.conv.stride, self.conv.dilation, self.conv.groups


def _can_fuse(trunk: fx.GraphModule, precision: str) -> bool:
    if not torch.backends.mkldnn.is_available() or any(w.is_cuda for w in trunk.parameters()):
        return False
    return precision == "fp32" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _absorb_activation(trunk: fx.GraphModule, target: str) -> Activation:
    """Take what alone follows each call of a convolution out of the graph; what it computes."""
    activation = NONE
    while activation == NONE and (after := followers(trunk, target)):
        kinds = {type(trunk.get_submodule(str(node.target))) for node in after}
        if len(kinds) > 1 or not kinds <= ACTIVATIONS.keys():
            break
        activation = ACTIVATIONS[kinds.pop()]
        for node in after:
            node.replace_all_uses_with(node.all_input_nodes[0])
            trunk.graph.erase_node(node)
    return activation
