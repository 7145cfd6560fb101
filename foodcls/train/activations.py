"""Turns pictures into what a frozen trunk makes of them, once for all epochs, runs and folds."""

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
import torch
from torch import Tensor, fx, nn

from foodcls.network.network import Network
from foodcls.network.partition import Halves, fold_norms, split_network
from foodcls.network.precision import computing
from foodcls.network.weights import state_digest
from foodcls.store.store import digest_of
from foodcls.train.pixels import Decoded, as_images
from foodcls.train.row_cache import ROWS, Array, Keeping, Kept, Shelf, keep_arrays

# changes whenever the same trunk and pixels would give other activations
VERSION = "activations 2"
# no larger batch was faster on two cores
BATCH = 16
# numpy knows no bfloat16: its bits travel in these
BITS = np.dtype(np.int16)
DOING = "run the frozen layers"


def keep_trunk(
    network: Network, input_size: int, precision: str, count: int, shelf: Shelf
) -> Halves:
    """The frozen trunk, if the shelf has room for what it makes of `count` pictures, and the tail.

    Without such a trunk the tail is the whole network.
    """
    whole = Halves(trunk=None, tail=network)
    halves = split_network(network, input_size)
    if halves.trunk is None:
        return whole
    fits = shelf.fits(count, row_bytes(halves, precision), "activations of the frozen layers")
    return halves if fits else whole


def load_activations(
    halves: Halves, decoded: Decoded, shelf: Shelf, precision: str = "fp32"
) -> tuple[Kept, ...]:
    """What the tail reads of these pictures; the trunk runs where its weights lie.

    Each picture's row is found again by its digest, whatever pictures stood beside it. What is
    computed in bf16 is kept in it, as it came.
    """
    trunk = _trunk(halves)
    keeping = Keeping(
        shelf.cache, "activations", tuple(map(str, range(halves.outputs))),
        f"{trunk_version(trunk, precision)} {decoded.version}",
        _runner(trunk, decoded, precision), row_bytes(halves, precision), shelf.limit,
    )  # fmt: skip
    return keep_arrays(keeping, decoded.digests, shelf.track, DOING)


def run_trunk(
    halves: Halves, decoded: Decoded, shelf: Shelf, precision: str = "fp32"
) -> tuple[Array, ...]:
    """The same in memory, where the shelf has no room: nothing is read from it or kept."""
    run = _runner(_trunk(halves), decoded, precision)
    starts = range(0, len(decoded), ROWS)
    parts = [
        run(range(start, min(start + ROWS, len(decoded))))
        for start in shelf.track(starts, len(starts), DOING)
    ]
    return tuple(np.concatenate(outputs) for outputs in zip(*parts, strict=True))


def row_bytes(halves: Halves, precision: str) -> int:
    """What is kept of a picture."""
    return halves.values * (2 if precision == "bf16" else 4)


def trunk_version(trunk: nn.Module, precision: str) -> str:
    """All that the activations of a picture depend on besides its pixels."""
    tensors = dict(chain(trunk.named_parameters(), trunk.named_buffers()))
    # what the graph calls, and settings that no tensor tells: strides, paddings, epsilons
    told = f"{getattr(trunk, 'code', '')}\n{nn.Module.__repr__(trunk)}"
    code = digest_of(told.encode())
    # sums are rounded otherwise with another number of threads
    where = f"{next(iter(tensors.values())).device.type} {torch.get_num_threads()}"
    return f"{VERSION} {code} {state_digest(tensors)} {precision} {where} {torch.__version__}"


def as_activations(rows: Array) -> Tensor:
    """Kept rows as the trunk gave them, without copying."""
    tensor = torch.from_numpy(rows)
    whole = tensor.view(torch.bfloat16) if rows.dtype == BITS else tensor
    return whole.permute(0, 3, 1, 2) if whole.ndim == 4 else whole


def _trunk(halves: Halves) -> fx.GraphModule:
    if halves.trunk is None:
        raise ValueError("a network without a trunk has no activations to keep")
    return halves.trunk


def _runner(
    trunk: fx.GraphModule, decoded: Decoded, precision: str
) -> Callable[[Sequence[int]], Sequence[Array]]:
    """Gives what the trunk makes of the pictures at some places."""
    folded = fold_norms(trunk)

    def run(places: Sequence[int]) -> Sequence[Array]:
        pixels = decoded.take(places)
        parts = [
            _run_batch(folded, pixels[start : start + BATCH], precision)
            for start in range(0, len(places), BATCH)
        ]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    return run


@torch.inference_mode()
def _run_batch(trunk: nn.Module, pixels: Array, precision: str) -> list[Array]:
    device = next(trunk.parameters()).device
    with computing(precision, device):
        outputs: tuple[Tensor, ...] = trunk(as_images(pixels).to(device))
    return [_as_rows(output) for output in outputs]


def _as_rows(output: Tensor) -> Array:
    # channels last, as convolutions want them
    plain = (output.permute(0, 2, 3, 1) if output.ndim == 4 else output).contiguous().cpu()
    bits = plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain.float()
    rows: Array = bits.numpy()
    return rows
