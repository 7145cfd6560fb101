"""Turns a checkpoint into the file that other programs run, once both give the same answers."""

import dataclasses
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
import torch

from foodcls.errors import ExportError
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.exported import Manner, export_bytes
from foodcls.learn.network import Network
from foodcls.learn.pixels import Pixels, as_images, read_picture, squash_pixels
from foodcls.learn.train import load_network
from foodcls.manifest import kept_rows
from foodcls.store import Store, digest_json

# probabilities may differ by so much: the file's kernels sum in another order
TOLERANCE = 1e-4
COMPARED = 64
SMALL = 200_000  # bytes
ODD_SIZES = ((1, 1), (1, 300), (300, 1), (7, 5), (223, 225), (640, 480))


@dataclass(frozen=True)
class ExportedRef:
    """An exported file in the store."""

    blob: str  # TorchScript, named by its SHA-256
    bytes: int
    max_difference: float  # of a probability, between the trained network and the file
    compared: int  # pictures


def export(
    checkpoint: Checkpoint, manifest: pd.DataFrame, store: Store, provenance: Mapping[str, str]
) -> ExportedRef:
    """Write the file, read it back, and hold its answers against the network's.

    ExportError when they differ on a picture of the split "val" or "test", or on an odd one.
    """
    network = load_network(checkpoint, store)
    record = {**provenance, **_own_provenance(checkpoint)}
    data = export_bytes(network, _manner(checkpoint), record)
    exported = torch.jit.load(io.BytesIO(data), "cpu")
    differences = [
        _compare(network, exported, name, picture, checkpoint)
        for name, picture in chain(_real_pictures(manifest, store), _odd_pictures())
    ]
    return ExportedRef(
        blob=store.put(data, durable=True),
        bytes=len(data),
        max_difference=max(differences),
        compared=len(differences),
    )


def labels_digest(labels: list[str] | tuple[str, ...]) -> str:
    """SHA-256 of the class names in their order."""
    return digest_json(list(labels))


def _manner(checkpoint: Checkpoint) -> Manner:
    return Manner(
        checkpoint.input_size, checkpoint.labels, checkpoint.temperature, checkpoint.abstain_below
    )


def _own_provenance(checkpoint: Checkpoint) -> dict[str, str]:
    """What the file says about itself besides what the caller adds."""
    plain = dataclasses.asdict(checkpoint)
    left_out = ("labels", "reports", "mean", "std", "trainable")
    record = {f"train.{name}": str(v) for name, v in plain.items() if name not in left_out}
    return record | {
        "format": "foodcls 1",
        "checkpoint": checkpoint.digest,
        "labels_digest": labels_digest(checkpoint.labels),
        "train.trainable": " ".join(checkpoint.trainable),
        "train.mean": " ".join(map(str, checkpoint.mean)),
        "train.std": " ".join(map(str, checkpoint.std)),
        "torch": torch.__version__,
    }


def _real_pictures(manifest: pd.DataFrame, store: Store) -> Iterator[tuple[str, Pixels]]:
    kept = kept_rows(manifest)
    held_out = kept[kept["split"].isin(("val", "test"))].drop_duplicates("picture")
    # spread over the table, so that all classes have their turn
    places = np.unique(np.linspace(0, len(held_out) - 1, COMPARED).astype(int))
    for place in places if len(held_out) else ():
        digest = held_out["picture"].iloc[place]
        yield f"picture {digest[:12]}", read_picture(digest, store)


def _odd_pictures() -> Iterator[tuple[str, Pixels]]:
    draw = np.random.default_rng(0)
    for height, width in ODD_SIZES:
        picture = draw.integers(0, 256, (height, width, 3), dtype=np.uint8)
        yield f"noise of {width} x {height}", picture


@torch.inference_mode()
def _compare(
    network: Network,
    exported: torch.jit.ScriptModule,
    name: str,
    picture: Pixels,
    checkpoint: Checkpoint,
) -> float:
    """The largest difference of a probability."""
    pixels = squash_pixels(picture, checkpoint.input_size)
    wanted = (network(as_images(pixels[None])) / checkpoint.temperature).softmax(1)[0]
    # alone, as most programs will ask, and a small one in a batch that is not the traced one
    count = 3 if picture.size < SMALL else 1
    given = exported(as_images(np.stack([picture] * count)))
    difference = float((given - wanted).abs().max())
    if not difference <= TOLERANCE or int(given[-1].argmax()) != int(wanted.argmax()):
        raise ExportError(
            f"{name}: the exported file gives {_top(given[-1], checkpoint)}, the trained network "
            f"{_top(wanted, checkpoint)}; they differ by {difference:.2g}, allowed is {TOLERANCE}; "
            "this backbone cannot be traced, use another"
        )
    return difference


def _top(probabilities: torch.Tensor, checkpoint: Checkpoint) -> str:
    place = int(probabilities.argmax())
    return f"{checkpoint.labels[place]} {float(probabilities[place]):.4f}"
