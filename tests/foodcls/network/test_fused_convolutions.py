import pytest
import torch
from torch import fx, nn

from foodcls.network import model_zoo
from foodcls.network.fused_convolutions import FusedConvolution, fuse_activations
from foodcls.network.precision import autocast

needs_onednn = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="no oneDNN")
PRECISIONS = (
    "fp32",
    pytest.param("bf16", marks=pytest.mark.skipif(
        not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="a processor without bf16")),
)  # fmt: skip


class Layers(nn.Module):
    """Convolutions with TensorFlow's padding and torch's, with and without an activation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = model_zoo.timm.layers.Conv2dSame(3, 16, 3, stride=2, bias=False)
        self.act = nn.ReLU6()
        self.deep = model_zoo.timm.layers.Conv2dSame(16, 16, 5, stride=2, groups=16)
        self.wide = nn.Conv2d(16, 32, 3, padding=1)
        self.relu = nn.ReLU()
        self.plain = nn.Conv2d(32, 32, 1)
        # what is not taken over
        self.dilated = nn.Conv2d(32, 8, 3, dilation=2)
        self.words = nn.Conv2d(8, 8, 4, padding="same")
        self.gelu = nn.GELU()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        seen = self.relu(self.wide(self.act(self.deep(self.act(self.stem(images))))))
        # used twice: the activation stays outside
        plain = self.plain(seen)
        return self.gelu(self.words(self.dilated(self.relu(plain) + plain)))


class Tracer(fx.Tracer):
    """Looks into no module, as the network's own does with those that have no children."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def trace_layers() -> fx.GraphModule:
    layers = Layers().eval().requires_grad_(False)
    return fx.GraphModule(layers, Tracer().trace(layers))


@needs_onednn
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("side", [37, 38, 40])
@torch.inference_mode()
def test_fused_convolutions_give_the_same_bits(precision: str, side: int) -> None:
    torch.manual_seed(0)
    trunk = trace_layers()
    fused = fuse_activations(trunk, precision)
    kept = [name for name, part in fused.named_modules() if isinstance(part, FusedConvolution)]
    assert kept == ["stem", "deep", "wide", "plain"]
    called = [node.target for node in fused.graph.nodes if node.op == "call_module"]
    assert called == ["stem", "deep", "wide", "plain", "relu", "dilated", "words", "gelu"]
    # a second shape is prepared beside the first
    for count in (4, 3):
        images = torch.randn(count, 3, side, side).contiguous(memory_format=torch.channels_last)
        with autocast(precision, images.device):
            assert torch.equal(fused(images), trunk(images))


def test_without_onednn_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    trunk = trace_layers()
    assert fuse_activations(trunk, "fp32") is trunk
