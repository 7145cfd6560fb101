"""Feature extraction: runs the frozen trunk once for each picture, for all epochs and runs."""

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
import torch
from torch import Tensor, fx, nn

from foodcls.features.pixels import Decoded
from foodcls.features.row_cache import ROWS, Array, CachedRows, FeatureCache, RowCache, cache_rows
from foodcls.network.fused_convolutions import fuse_activations
from foodcls.network.network import Network
from foodcls.network.partition import Partition, fuse_batch_norms, partition_network
from foodcls.network.precision import autocast
from foodcls.network.resize import as_images
from foodcls.network.weights import state_digest
from foodcls.store.store import digest_of
from foodcls.work.code_digest import code_digest

# no larger batch was faster on two cores
BATCH = 16
# numpy knows no bfloat16: its bits travel in these
BITS = np.dtype(np.int16)
DOING = "run the frozen layers"


def cacheable_partition(
    network: Network, input_size: int, precision: str, count: int, feature_cache: FeatureCache
) -> Partition:
    """The frozen trunk and the trainable tail, if activations of `count` pictures can be cached.

    Otherwise the tail is the whole network, and there is no trunk.
    """
    whole = Partition(trunk=None, tail=network)
    partition = partition_network(network, input_size)
    if partition.trunk is None:
        return whole
    fits = feature_cache.fits(
        count, row_bytes(partition, precision), "activations of the frozen layers"
    )
    return partition if fits else whole


def load_activations(
    partition: Partition, decoded: Decoded, feature_cache: FeatureCache, precision: str = "fp32"
) -> tuple[CachedRows, ...]:
    """The trunk's outputs for N looks, cached on disk; the trunk runs where its weights lie.

    Rows are (N, H, W, F) or (N, F), as `as_activations` takes them: float32, or int16 that holds
    the bits of bfloat16. A row is found again by its look's name, among any others.
    """
    trunk = _trunk(partition)
    row_cache = RowCache(
        feature_cache, "activations", tuple(map(str, range(partition.outputs))),
        f"{trunk_version(trunk, precision)} {decoded.version}",
        _runner(trunk, decoded, precision), row_bytes(partition, precision),
    )  # fmt: skip
    return cache_rows(row_cache, decoded.names, DOING)


def run_trunk(
    partition: Partition, decoded: Decoded, feature_cache: FeatureCache
) -> tuple[Array, ...]:
    """The rows of `load_activations` in fp32, in memory: for a cache without room for them."""
    run = _runner(_trunk(partition), decoded, "fp32")
    starts = range(0, len(decoded), ROWS)
    parts = (run(range(start, min(start + ROWS, len(decoded)))) for start in starts)
    rows = chain.from_iterable(zip(*part, strict=True) for part in parts)
    outputs = zip(*feature_cache.track(rows, len(decoded), DOING), strict=True)
    return tuple(map(np.stack, outputs))


def row_bytes(partition: Partition, precision: str) -> int:
    """The bytes of a picture's activations."""
    return partition.values * (2 if precision == "bf16" else 4)


def trunk_version(trunk: nn.Module, precision: str) -> str:
    """All that the activations of a picture depend on besides its pixels."""
    tensors = dict(chain(trunk.named_parameters(), trunk.named_buffers()))
    # what the graph calls, and settings that no tensor holds: strides, paddings, epsilons
    layers = f"{getattr(trunk, 'code', '')}\n{nn.Module.__repr__(trunk)}"
    graph = digest_of(layers.encode())
    # sums are rounded otherwise with another number of threads
    where = f"{next(iter(tensors.values())).device.type} {torch.get_num_threads()}"
    # what Python computes within the layers lies in timm and torchvision: their versions count
    code = code_digest((__name__,))
    return f"{code} {graph} {state_digest(tensors)} {precision} {where}"


def as_activations(rows: Array) -> Tensor:
    """Rows (N, H, W, F) or (N, F) as a tensor (N, F, H, W) or (N, F), without copying.

    float32 stays float32; int16 becomes the bfloat16 whose bits it holds.
    """
    tensor = torch.from_numpy(rows)
    whole = tensor.view(torch.bfloat16) if rows.dtype == BITS else tensor
    return whole.permute(0, 3, 1, 2) if whole.ndim == 4 else whole


def _trunk(partition: Partition) -> fx.GraphModule:
    if partition.trunk is None:
        raise ValueError("a network without a trunk has no activations to keep")
    return partition.trunk


def _runner(
    trunk: fx.GraphModule, decoded: Decoded, precision: str
) -> Callable[[Sequence[int]], Sequence[Array]]:
    """A function from indices to the trunk's outputs for the pictures there."""
    fused = fuse_activations(fuse_batch_norms(trunk), precision)

    def run(indices: Sequence[int]) -> Sequence[Array]:
        pixels = decoded.take(indices)
        parts = [
            _run_batch(fused, pixels[start : start + BATCH], precision)
            for start in range(0, len(indices), BATCH)
        ]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    return run


@torch.inference_mode()
def _run_batch(trunk: nn.Module, pixels: Array, precision: str) -> list[Array]:
    device = next(trunk.parameters()).device
    with autocast(precision, device):
        outputs: tuple[Tensor, ...] = trunk(as_images(pixels).to(device))
    return [_as_rows(output) for output in outputs]


def _as_rows(output: Tensor) -> Array:
    # channels last, as convolutions want them
    plain = (output.permute(0, 2, 3, 1) if output.ndim == 4 else output).contiguous().cpu()
    bits = plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain.float()
    rows: Array = bits.numpy()
    return rows
