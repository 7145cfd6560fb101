import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import foodcls
from foodcls.export.torchscript import InferenceConfig, export_bytes
from foodcls.image.decode import decode
from foodcls.network.backbones import Backbone
from foodcls.network.network import Network, make_head
from foodcls.network.resize import as_images, squash, squash_pixels
from foodcls.sample.dishes import LABELS as DISHES
from foodcls.sample.file_bytes import file_bytes
from foodcls.sample.web import SampleWeb

LABELS = ("b", "a", "c")
CONFIG = InferenceConfig(32, LABELS)


@pytest.fixture
def network(tiny_backbone: Callable[[], Backbone]) -> Network:
    return Network(tiny_backbone(), make_head(8, 6, 3, 0.3, 0), ("conv2",))


def load(data: bytes) -> torch.jit.ScriptModule:
    return torch.jit.load(io.BytesIO(data))


@pytest.mark.parametrize("shape", [(1, 32, 32), (2, 50, 70), (5, 1, 9), (3, 640, 480)])
def test_any_batch_and_size_gives_the_networks_probabilities(
    network: Network, shape: tuple[int, int, int]
) -> None:
    count, height, width = shape
    pictures = torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8)
    given, known = load(export_bytes(network, CONFIG, {}))(pictures)
    wanted = network.eval()(squash(pictures, 32)).softmax(1)
    assert torch.allclose(given, wanted, atol=1e-5)
    assert torch.allclose(given.sum(1), torch.ones(count))
    # nothing was learnt of strangers
    assert torch.equal(known, torch.ones(count))


def test_dropout_and_batch_statistics_are_off(network: Network) -> None:
    exported = load(export_bytes(network.train(), CONFIG, {}))
    pictures = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)
    assert torch.equal(exported(pictures)[0], exported(pictures)[0])
    assert torch.allclose(exported(pictures[:1])[0], exported(pictures)[0][:1], atol=1e-6)


def test_classes_and_provenance_travel_in_the_file(network: Network) -> None:
    exported = load(export_bytes(network, CONFIG, {"recipe": "ünïcode"}))
    assert tuple(exported.labels) == LABELS
    assert exported.provenance == {"recipe": "ünïcode"}
    assert load(export_bytes(network, CONFIG, {})).provenance == {}


def test_temperature_and_threshold_are_built_in(network: Network) -> None:
    exported = load(export_bytes(network, InferenceConfig(32, LABELS, 2.0, 0.6, 0.4), {}))
    pictures = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    wanted = (network.eval()(pictures) / 2).softmax(1)
    assert torch.allclose(exported(pictures)[0], wanted, atol=1e-6)
    assert (exported.temperature, exported.abstain_below) == (2.0, 0.6)
    assert exported.known_from == 0.4


def test_same_network_gives_the_same_bytes(network: Network) -> None:
    first = export_bytes(network, CONFIG, {"a": "1"})
    torch.jit.script(torch.nn.Linear(2, 2))
    assert export_bytes(network, CONFIG, {"a": "1"}) == first
    assert export_bytes(network, CONFIG, {"a": "2"}) != first


def test_nothing_of_this_machine_is_in_the_file(network: Network) -> None:
    data = export_bytes(network, CONFIG, {})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    assert str(Path(foodcls.__file__).parent).encode() not in text
    assert b"site-packages" not in text


@pytest.mark.parametrize(
    "wrong",
    [torch.zeros(1, 3, 8, 8), torch.zeros(3, 8, 8).byte(), torch.zeros(1, 4, 8, 8).byte()],
    ids=["float", "no batch", "four channels"],
)
def test_other_tensors_are_refused(network: Network, wrong: torch.Tensor) -> None:
    exported = load(export_bytes(network, CONFIG, {}))
    with pytest.raises(torch.jit.Error, match="expected uint8"):
        exported(wrong)


@pytest.mark.parametrize("ending", ["pt", "pt2"])
def test_the_network_sees_the_pixels_of_training(
    camera: Path, develop: Callable[..., np.ndarray], ending: str
) -> None:
    path = camera.with_suffix(f".{ending}")
    read = torch.jit.load(path) if ending == "pt" else torch.export.load(path).module()
    items = [item for item in SampleWeb(24).items(DISHES[0]) if item.kind == "original"]
    one_of_each = {item.form: item for item in items}
    pictures = [decode(file_bytes(item), 10**7).image for item in one_of_each.values()]
    assert {"rotated", "gray", "alpha", "cmyk"} <= set(one_of_each)
    for image in (*pictures, pictures[0].resize((9, 700)), pictures[0].resize((2, 3))):
        pixels = np.array(image)
        seen = develop(read(as_images(pixels[None]))[0][0].tolist())
        assert np.abs(seen - squash_pixels(pixels, seen.shape[0])).max() < 1
