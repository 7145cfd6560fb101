"""Exports a checkpoint to files of several formats, checked against its network."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn

from foodcls.errors import ExportError, first_line
from foodcls.export.aotinductor import package_bytes
from foodcls.export.exported_files import (
    FORMATS,
    ExportedFile,
    ExportedRef,
    check_libraries,
)
from foodcls.export.exported_program import program_bytes
from foodcls.export.load import read_model
from foodcls.export.model import Answer
from foodcls.export.optimize import OptimizedNetwork
from foodcls.export.torchscript import InferenceConfig, export_bytes, to_probabilities
from foodcls.features.pixels import read_picture
from foodcls.image.decode import BadPicture, decode
from foodcls.image.upright import ORIENTATION
from foodcls.manifest import kept_rows
from foodcls.metrics.ranks import Floats
from foodcls.network.network import Network
from foodcls.network.resize import Pixels, as_images, squash_pixels
from foodcls.recipe.train_settings import Export, Format
from foodcls.store.store import Store, digest_json
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.restore import load_network, load_rejector
from foodcls.work.memory import retain_freed_memory

# probabilities may differ by so much: the files' kernels sum in another order
TOLERANCE = 1e-4
# real ones: 64 of them differed by at most 1.6e-6, and 16 of these mostly by as much, as a fault of
# a format is in each answer; the odd ones below, of which no network is sure, by 9e-6
COMPARED = 16
TINY = 500  # bytes
ODD_SIZES = ((1, 1), (1, 300), (300, 1), (7, 5), (223, 225), (640, 480))

DEFAULT = Export()
INT8: Format = "onnx_int8"
# what torch.export and torch.onnx raise on forward methods that they cannot follow
TRACING = (RuntimeError, ValueError, TypeError, AttributeError, AssertionError)

Writer = Callable[[nn.Module, InferenceConfig, Mapping[str, str]], bytes]
Named = tuple[str, Pixels]


def export(
    checkpoint: Checkpoint,
    manifest: pd.DataFrame,
    store: Store,
    provenance: Mapping[str, str],
    settings: Export = DEFAULT,
    formats: Sequence[Format] = (),
) -> ExportedRef:
    """Write the files, read them back, and compare their probabilities with the network's.

    ExportError when they differ on a picture of the split "val" or "test", or on an unusual one.
    int8 alone is held to its accuracy on the split "test"; where that is lost, it is not kept.
    `formats`, of a model whose .pt file exists, replace those of the settings.
    """
    formats = formats or settings.formats
    network, config = restore(checkpoint, store)
    files = _files(network, config, {**provenance, **_own_provenance(checkpoint)}, formats)
    # read as users will, with all checks
    readers = {
        FORMATS[kind].ending: read_model(
            data, f"the {FORMATS[kind].ending} file of {checkpoint.settings.backbone!r}", kind
        ).answer
        for kind, data in files.items()
    }
    real = list(_real_pictures(manifest, store))
    with retain_freed_memory():
        differences = [
            _compare(network, readers, named, checkpoint)
            for named in chain(real, _variants(real[:1]), _noise())
        ]
    script, fp32 = files.pop("torchscript", b""), files.get("onnx", b"")
    others = [
        ExportedFile(kind, store.put(data, durable=True), len(data))
        for kind, data in files.items()
        if kind in formats
    ]
    refused: tuple[str, ...] = ()
    if INT8 in formats:
        # its libraries may be absent
        from foodcls.export.onnx.int8 import quantize_checked

        try:
            data, figures = quantize_checked(fp32, manifest, store, settings.int8_margin)
            blob = store.put(data, durable=True)
            others.append(ExportedFile(INT8, blob, len(data), figures))
        except ExportError as error:
            refused = (str(error),)
    return ExportedRef(
        blob=store.put(script, durable=True) if script else "",
        bytes=len(script),
        max_difference=max(differences),
        compared=len(differences),
        others=tuple(others),
        refused=refused,
    )


def restore(checkpoint: Checkpoint, store: Store) -> tuple[Network, InferenceConfig]:
    """The trained network of a checkpoint, with what it refuses strangers by, and its use."""
    network = load_network(checkpoint, store)
    if checkpoint.rejection:
        network.beside = load_rejector(checkpoint.rejection, store)
    return network, InferenceConfig(
        checkpoint.settings.input_size,
        checkpoint.labels,
        checkpoint.temperature,
        checkpoint.abstain_below,
        checkpoint.rejection.known_from if checkpoint.rejection else 0.0,
    )


def _files(
    network: Network, config: InferenceConfig, record: Mapping[str, str], formats: Sequence[Format]
) -> dict[Format, bytes]:
    optimized = OptimizedNetwork(network, config.size)
    files: dict[Format, bytes] = {}
    # int8 is made of fp32
    kinds = dict.fromkeys("onnx" if kind == INT8 else kind for kind in formats)
    for kind in kinds:
        try:
            files[kind] = find_writer(kind)(optimized, config, record)
        except TRACING as error:
            raise ExportError(
                f"the backbone {record['train.backbone']!r} cannot be written as {kind} "
                f"({first_line(error)}); leave that out of "
                "export.formats, or use another backbone"
            ) from error
    return files


def find_writer(kind: Format) -> Writer:
    """What writes files of a format; InputError where its libraries are not installed."""
    check_libraries([kind])
    if kind == "onnx":
        # its libraries may be absent
        from foodcls.export.onnx.write import onnx_bytes

        return onnx_bytes
    if kind == "aotinductor":
        return package_bytes
    return export_bytes if kind == "torchscript" else program_bytes


def _own_provenance(checkpoint: Checkpoint) -> dict[str, str]:
    """The facts that each exported file holds, besides those that the caller gives."""
    left_out = ("labels", "reports", "mean", "std", "trainable")
    facts = checkpoint.facts.items()
    record = {f"train.{name}": str(value) for name, value in facts if name not in left_out}
    return record | {
        "format": "foodcls 1",
        "checkpoint": checkpoint.digest,
        "labels_digest": digest_json(checkpoint.labels),
        "train.trainable": " ".join(checkpoint.settings.trainable),
        "train.mean": " ".join(map(str, checkpoint.mean)),
        "train.std": " ".join(map(str, checkpoint.std)),
        "torch": torch.__version__,
    }


def _real_pictures(manifest: pd.DataFrame, store: Store) -> Iterator[Named]:
    kept = kept_rows(manifest, "picture", "split")
    held_out = kept.loc[kept["split"].isin(("val", "test")), "picture"].drop_duplicates()
    # spread over the table, so that most classes are among them
    places = np.unique(np.linspace(0, len(held_out) - 1, COMPARED).astype(int))
    for place in places if len(held_out) else ():
        digest = held_out.iloc[place]
        yield f"picture {digest[:12]}", read_picture(digest, store)


def _variants(named: list[Named]) -> Iterator[Named]:
    """Unusual forms of real pictures: gray, tall, tiny, and rotated by EXIF."""
    for name, picture in named:
        image = Image.fromarray(picture)
        yield f"{name} in gray", np.asarray(image.convert("L").convert("RGB"))
        yield f"{name} as a strip", np.asarray(image.resize((3, 400)))
        yield f"{name} as a stamp", np.asarray(image.resize((2, 2)))
        # the decoder refuses pictures of one color, as a crop may be
        with suppress(BadPicture):
            yield f"{name} turned by EXIF", _turned(image)


def _turned(image: Image.Image) -> Pixels:
    exif, file = Image.Exif(), io.BytesIO()
    exif[ORIENTATION] = 6
    image.save(file, "JPEG", exif=exif)
    return np.asarray(decode(file.getvalue(), image.width * image.height).image)


def _noise() -> Iterator[Named]:
    draw = np.random.default_rng(0)
    for height, width in ODD_SIZES:
        picture = draw.integers(0, 256, (height, width, 3), dtype=np.uint8)
        yield f"noise of {width} x {height}", picture


@torch.inference_mode()
def _compare(
    network: Network, readers: Mapping[str, Answer], named: Named, checkpoint: Checkpoint
) -> float:
    """The largest difference of a probability between the files and the network."""
    name, picture = named
    pixels = squash_pixels(picture, checkpoint.settings.input_size)
    classes, temperature = len(checkpoint.labels), checkpoint.temperature
    shares, known = to_probabilities(network(as_images(pixels[None])), classes, temperature)
    wanted = _join((shares.numpy(), known.numpy()))[0]
    # a batch of one, as most programs use, or of three of what is tiny: neither is the traced size
    count = 3 if picture.size < TINY else 1
    batch = np.stack([picture] * count)
    return max(
        _difference(_join(read(batch)), wanted, f"{name}: the {kind} file", checkpoint)
        for kind, read in readers.items()
    )


def _join(answer: tuple[Floats, Floats]) -> Floats:
    """(N, C + 1): the probabilities of the classes, and of any of them."""
    return np.concatenate([answer[0], answer[1][:, None]], 1)


def _difference(given: Floats, wanted: Floats, what: str, checkpoint: Checkpoint) -> float:
    difference = float(np.abs(given - wanted).max())
    if not difference <= TOLERANCE or _best(given[-1]) != _best(wanted):
        raise ExportError(
            f"{what} gives {_top(given[-1], checkpoint)}, the trained network "
            f"{_top(wanted, checkpoint)}; they differ by {difference:.2g}, allowed is {TOLERANCE}; "
            "this backbone cannot be exported, use another"
        )
    return difference


def _best(joined: Floats) -> int:
    return int(joined[:-1].argmax())


def _top(joined: Floats, checkpoint: Checkpoint) -> str:
    place = _best(joined)
    return f"{checkpoint.labels[place]} {float(joined[place]):.4f}, known {float(joined[-1]):.4f}"
