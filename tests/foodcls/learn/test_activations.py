from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from foodcls.learn.activations import load_activations, trunk_version
from foodcls.learn.arrays import Kept
from foodcls.learn.backbones import Backbone
from foodcls.learn.halves import Halves, split_network
from foodcls.learn.network import Network, make_head
from foodcls.learn.pixels import as_images, load_pixels
from foodcls.store import Store


@pytest.fixture
def pixels(store: Store, gallery: Callable[..., pd.DataFrame], tmp_path: Path) -> Kept:
    return load_pixels(gallery(store), store, 24, tmp_path / "pixels")


@pytest.fixture
def halves(tiny_backbone: Callable[[], Backbone]) -> Halves:
    return split_network(Network(tiny_backbone(), make_head(8, 0, 3, 0.3, 0), ("conv2",)), 24)


def test_activations_are_what_the_trunk_gives(pixels: Kept, halves: Halves, tmp_path: Path) -> None:
    digests = [str(number) for number in range(36)]
    (kept,) = load_activations(halves, pixels, digests, tmp_path)
    assert halves.trunk is not None
    (wanted,) = halves.trunk(as_images(pixels.take(range(36))))
    assert np.allclose(kept.take(range(36)), wanted.detach().numpy(), atol=1e-6)
    assert kept.take([0]).dtype == np.float32


def test_without_a_trunk_the_tail_reads_pixels(
    pixels: Kept, halves: Halves, tmp_path: Path
) -> None:
    assert load_activations(Halves(None, halves.tail), pixels, [], tmp_path) == (pixels,)


def test_version_follows_weights_statistics_and_normalisation(pixels: Kept, halves: Halves) -> None:
    assert halves.trunk is not None
    seen = {trunk_version(halves.trunk, pixels)}
    with torch.no_grad():
        for number, name in enumerate(("backbone.bn1.running_mean", "mean", "backbone.bn1.bias")):
            tensors = dict(halves.trunk.named_parameters()) | dict(halves.trunk.named_buffers())
            tensors[name] += 1
            seen.add(trunk_version(halves.trunk, pixels))
            assert len(seen) == number + 2
