import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import foodcls
from foodcls.export.exported_program import program_bytes
from foodcls.export.optimize import OptimizedNetwork
from foodcls.export.torchscript import InferenceConfig
from foodcls.network.backbones import Backbone
from foodcls.network.network import Network, make_head
from foodcls.network.resize import squash

CONFIG = InferenceConfig(32, ("b", "a", "ünïcode"), 2.0, 0.6)
Read = Callable[[torch.Tensor], torch.Tensor]


@pytest.fixture(scope="module")
def network(tiny_backbone: Callable[[], Backbone]) -> Network:
    return Network(tiny_backbone(), make_head(8, 6, 3, 0.3, 0), ("conv2",))


@pytest.fixture(scope="module")
def data(network: Network) -> bytes:
    return program_bytes(OptimizedNetwork(network, 32), CONFIG, {"recipe": "x"})


@pytest.mark.parametrize("shape", [(1, 32, 32), (2, 50, 70), (5, 1, 9), (3, 640, 480), (1, 1, 1)])
def test_any_batch_and_size_gives_the_networks_probabilities(
    network: Network, data: bytes, shape: tuple[int, int, int]
) -> None:
    count, height, width = shape
    pictures = torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8)
    given, known = torch.export.load(io.BytesIO(data)).module()(pictures)
    wanted = (network.eval()(squash(pictures, 32)) / 2).softmax(1)
    assert torch.allclose(given, wanted, atol=1e-5)
    assert torch.equal(known, torch.ones(count))


def test_same_network_gives_the_same_bytes(network: Network, data: bytes) -> None:
    assert program_bytes(OptimizedNetwork(network, 32), CONFIG, {"recipe": "x"}) == data
    assert program_bytes(OptimizedNetwork(network, 32), CONFIG, {"recipe": "y"}) != data


def test_nothing_of_this_machine_is_in_the_file(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    assert str(Path(foodcls.__file__).parent).encode() not in text
    assert b"site-packages" not in text and b".py" not in text


@pytest.mark.parametrize(
    "wrong",
    [torch.zeros(1, 3, 8, 8), torch.zeros(3, 8, 8).byte(), torch.zeros(1, 4, 8, 8).byte()],
    ids=["float", "no batch", "four channels"],
)
def test_other_tensors_are_refused(data: bytes, wrong: torch.Tensor) -> None:
    with pytest.raises((RuntimeError, AssertionError)):
        torch.export.load(io.BytesIO(data)).module()(wrong)
