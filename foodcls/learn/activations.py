"""Turns pixels into what a frozen trunk makes of them, once for all epochs."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from foodcls.learn.arrays import Array, Keeping, Kept, keep_arrays
from foodcls.learn.folding import fold_norms
from foodcls.learn.halves import Halves
from foodcls.learn.pixels import as_images
from foodcls.learn.weights import state_digest
from foodcls.progress import Track, silent
from foodcls.store import digest_of

# changes whenever the same trunk and pixels would give other activations
VERSION = "activations 1"
# no larger batch was faster on two cores
BATCH = 16


def load_activations(
    halves: Halves, pixels: Kept, digests: Sequence[str], cache: Path, track: Track = silent
) -> tuple[Kept, ...]:
    """What the tail reads of these pictures, float32; the pixels where there is no trunk.

    `digests` name the pictures that `pixels` were made of. The trunk runs where its weights lie.
    """
    trunk = halves.trunk
    if trunk is None:
        return (pixels,)

    folded = fold_norms(trunk)

    def make(places: range) -> Sequence[Array]:
        parts = [
            _run_trunk(folded, pixels.take(places[start : start + BATCH]))
            for start in range(0, len(places), BATCH)
        ]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    kinds = tuple(f"activations{number}" for number in range(halves.outputs))
    keeping = Keeping(cache, kinds, trunk_version(trunk, pixels), make)
    return keep_arrays(keeping, digests, track, "run the frozen layers")


def trunk_version(trunk: nn.Module, pixels: Kept) -> str:
    """All that the activations of a picture depend on besides the picture."""
    tensors = dict(chain(trunk.named_parameters(), trunk.named_buffers()))
    code = digest_of(str(getattr(trunk, "code", "")).encode())
    size = pixels.files[0].shape[1] if pixels.files else 0
    # sums are rounded otherwise with another number of threads
    where = f"{next(iter(tensors.values())).device.type} {torch.get_num_threads()}"
    return f"{VERSION} {code} {state_digest(tensors)} {size} {where} {torch.__version__}"


@torch.inference_mode()
def _run_trunk(trunk: nn.Module, pixels: Array) -> list[Array]:
    device = next(trunk.parameters()).device
    outputs: tuple[Tensor, ...] = trunk(as_images(pixels).to(device))
    return [output.float().contiguous().cpu().numpy() for output in outputs]
