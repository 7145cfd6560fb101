import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from foodcls.features.activations import (
    BITS,
    as_activations,
    load_activations,
    row_bytes,
    trunk_version,
)
from foodcls.features.pixels import Decoded, decode_rows
from foodcls.features.row_cache import FeatureCache
from foodcls.network.backbones import Backbone, make_backbone
from foodcls.network.network import Network, make_head
from foodcls.network.partition import Partition, partition_network
from foodcls.network.resize import as_images
from foodcls.store.store import Store

ALL = np.arange(36)


@pytest.fixture
def decoded(store: Store, gallery: Callable[[Store], pd.DataFrame]) -> Decoded:
    return decode_rows(gallery(store), store, 24)


@pytest.fixture
def feature_cache(store: Store, tmp_path: Path) -> FeatureCache:
    return FeatureCache(store, tmp_path / "cache")


@pytest.fixture
def partition(tiny_backbone: Callable[[], Backbone]) -> Partition:
    return partition_network(Network(tiny_backbone(), make_head(8, 0, 3, 0.3, 0), ("conv2",)), 24)


def test_activations_are_what_the_trunk_gives(
    decoded: Decoded, partition: Partition, feature_cache: FeatureCache
) -> None:
    (kept,) = load_activations(partition, decoded, feature_cache)
    assert partition.trunk is not None
    (wanted,) = partition.trunk(as_images(decoded.take(ALL)))
    found = as_activations(kept.take(ALL))
    assert found.dtype == torch.float32
    assert torch.allclose(found, wanted, atol=1e-6)
    # as convolutions want them, without another copy
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert kept.take(ALL[:1]).nbytes == row_bytes(partition, "fp32")


def test_bf16_is_kept_as_it_came_in_half_the_room(
    decoded: Decoded, partition: Partition, feature_cache: FeatureCache
) -> None:
    (kept,) = load_activations(partition, decoded, feature_cache, "bf16")
    rows = kept.take(ALL)
    assert rows.dtype == BITS and rows[0].nbytes == row_bytes(partition, "bf16")
    assert partition.trunk is not None
    (wanted,) = partition.trunk(as_images(decoded.take(ALL)))
    found = as_activations(rows)
    assert found.dtype == torch.bfloat16
    assert torch.allclose(found.float(), wanted, rtol=2e-2, atol=2e-2)
    assert not torch.allclose(found.float(), wanted, rtol=1e-4, atol=1e-4)


def test_a_fold_decodes_and_runs_nothing_again(
    decoded: Decoded, partition: Partition, feature_cache: FeatureCache
) -> None:
    load_activations(partition, decoded, feature_cache)

    def refuse(digest: str) -> np.ndarray:
        raise AssertionError(f"{digest} was decoded again")

    fold = dataclasses.replace(decoded, looks=decoded.looks[30:4:-2], read=refuse)
    (kept,) = load_activations(partition, fold, feature_cache)
    assert partition.trunk is not None
    (wanted,) = partition.trunk(as_images(decoded.take(ALL[30:4:-2])))
    assert torch.allclose(as_activations(kept.take(np.arange(13))), wanted, atol=1e-6)


def test_without_a_trunk_there_is_nothing_to_keep(
    decoded: Decoded, partition: Partition, feature_cache: FeatureCache
) -> None:
    with pytest.raises(ValueError, match="no activations"):
        load_activations(Partition(None, partition.tail), decoded, feature_cache)


def test_version_follows_weights_statistics_normalization_and_precision(
    partition: Partition,
) -> None:
    assert partition.trunk is not None
    seen = {trunk_version(partition.trunk, "fp32"), trunk_version(partition.trunk, "bf16")}
    assert len(seen) == 2
    with torch.no_grad():
        for number, name in enumerate(("backbone.bn1.running_mean", "mean", "backbone.bn1.bias")):
            tensors = dict(partition.trunk.named_parameters()) | dict(
                partition.trunk.named_buffers()
            )
            tensors[name] += 1
            seen.add(trunk_version(partition.trunk, "fp32"))
            assert len(seen) == number + 3


@pytest.mark.parametrize(
    ("layer", "setting", "value"),
    [("bn1", "eps", 1e-3), ("conv1", "stride", (1, 1)), ("conv1", "padding", (1, 1))],
    ids=str,
)
def test_version_follows_settings_that_no_weight_tells(
    tiny_backbone: Callable[[], Backbone], layer: str, setting: str, value: object
) -> None:
    versions = set()
    for is_changed in (False, True, False):
        backbone = tiny_backbone()
        if is_changed:
            setattr(backbone.module.get_submodule(layer), setting, value)
        network = Network(backbone, make_head(8, 0, 3, 0.3, 0), ("conv2",))
        trunk = partition_network(network, 24).trunk
        assert trunk is not None
        versions.add(trunk_version(trunk, "fp32"))
    assert len(versions) == 2


def test_one_file_of_weights_under_two_names_has_two_versions() -> None:
    # TensorFlow's port pads otherwise and has another epsilon; tensors and graph are the same
    versions, states = set(), []
    for name in ("efficientnet_lite0", "tf_efficientnet_lite0"):
        backbone = make_backbone(name, "none", 32)
        states.append(backbone.module.state_dict())
        backbone.module.load_state_dict(states[0])
        same = dataclasses.replace(backbone, mean=(0.5,) * 3, std=(0.5,) * 3)
        network = Network(same, make_head(same.features, 0, 3, 0.3, 0), ())
        trunk = partition_network(network, 32).trunk
        assert trunk is not None
        versions.add(trunk_version(trunk, "fp32"))
    assert len(versions) == 2
