"""Exports networks in every format, and holds each file's answers on real photos to eager torch's.

    python benchmarks/formats.py PHOTOS
    python benchmarks/formats.py PHOTOS --programs cpp/build --backbones resnet34

The weights are random; a linear head is scaled so that answers differ and are sure: then a small
difference of a feature is a large one of a probability. Each file is read as users read it and gets
whole photos, decoded as `foodcls predict` does; eager torch gets the square that training would
see. A row a network and format: it works, with the largest difference of a probability and how many
first classes are the same, or it is refused and why. int8 is told as it is: whether it may be kept,
a trained model's accuracy says. With --programs, a folder in which cpp/ was built, the programs
answer the same files too. The table is in Markdown, and grows as it goes.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from peers import describe_machine

from foodcls.errors import FoodclsError, first_line
from foodcls.export.export import INT8, TRACING, find_writer
from foodcls.export.exported_files import FORMATS, check_libraries
from foodcls.export.load import read_model
from foodcls.export.optimize import OptimizedNetwork
from foodcls.export.torchscript import InferenceConfig, to_probabilities
from foodcls.image.decode import BadPicture, decode
from foodcls.network.backbones import make_backbone
from foodcls.network.network import Network, make_head
from foodcls.network.resize import Pixels, as_images, squash_pixels
from foodcls.recipe.data_settings import MAX_PIXELS
from foodcls.recipe.train_settings import Format
from foodcls.sample.dishes import LABELS
from foodcls.store.store import digest_json

NETWORKS = ("resnet34", "tf_efficientnet_lite0", "mobilenetv4_conv_small", "vit_tiny_patch16_224",
            "convnext_atto")  # fmt: skip
SIZE = 224  # pixels a side of what the networks see
SPREAD = 3.0  # of a class's logits over the photos: answers from doubtful to sure
PROGRAMS = {"torchscript": "classify", "onnx": "classify_onnx"}
HEAD = """| network | format | works | largest difference | same first class | MB |
|---|---|---|---|---|---|"""

Photo = tuple[Path, Pixels]


@dataclass(frozen=True)
class Subject:
    """A network, and what eager torch answers to the photos."""

    name: str
    network: Network
    config: InferenceConfig
    answers: np.ndarray  # (N, C)


def make_subject(name: str, photos: Sequence[Photo]) -> Subject:
    """A network with random weights whose head tells the photos apart."""
    backbone = make_backbone(name, "none", SIZE)
    network = Network(backbone, torch.nn.Identity(), ()).eval()
    images = as_images(np.stack([squash_pixels(picture, SIZE) for _, picture in photos]))
    features = network(images)
    head = make_head(backbone.features, 0, len(LABELS), 0.0, seed=0)
    line = head[-1]
    spread = ((features - features.mean(0)) @ line.weight.T).std(0, keepdim=True).T
    line.weight.copy_(line.weight * SPREAD / spread)
    line.bias.copy_(-line.weight @ features.mean(0))
    network.head = head
    shares, _ = to_probabilities(network(images), len(LABELS), 1.0)
    return Subject(name, network, InferenceConfig(SIZE, tuple(LABELS)), shares.numpy())


def write(subject: Subject, kind: Format, photos: Sequence[Photo], fp32: bytes) -> bytes:
    """The file of a format; int8 is made of fp32, its ranges from the photos."""
    facts = {"labels_digest": digest_json(subject.config.labels)}
    check_libraries([kind])
    if kind == INT8:
        # its libraries may be absent
        from foodcls.export.onnx.int8 import quantize

        fp32 = fp32 or write(subject, "onnx", photos, b"")
        return quantize(fp32, [squash_pixels(picture, SIZE) for _, picture in photos])
    return find_writer(kind)(OptimizedNetwork(subject.network, SIZE), subject.config, facts)


def show(name: str, what: str, found: np.ndarray | str, wanted: np.ndarray, tail: str) -> None:
    """A row of the table: probabilities (N, C), or why there are none."""
    if isinstance(found, str):
        print(f"| {name} | {what} | refused: {found} | | | |", flush=True)
        return
    difference = np.abs(found - wanted).max()
    same = int((found.argmax(1) == wanted.argmax(1)).sum())
    print(f"| {name} | {what} | yes | {difference:.0e} | {same} of {len(wanted)} | {tail} |",
          flush=True)  # fmt: skip


def ask_program(program: Path, model: Path, photos: Sequence[Photo]) -> np.ndarray:
    """What a C++ program answers to the photos' files, (N, C)."""
    words = [program, "--threads", "1", "--all", model, *(path for path, _ in photos)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return np.array([line.split("\t")[3:] for line in done.stdout.splitlines()], np.float64)


def try_formats(
    subject: Subject, photos: Sequence[Photo], kinds: Sequence[Format], programs: Path | None
) -> None:
    """Write, read and ask each format, and the programs that read it."""
    fp32 = b""
    for kind in kinds:
        try:
            data = write(subject, kind, photos, fp32)
            answer = read_model(data, subject.name, kind, threads=1).answer
            found = np.concatenate([answer(picture[None])[0] for _, picture in photos])
        except (*TRACING, FoodclsError) as error:
            show(subject.name, kind, first_line(error)[:120], subject.answers, "")
            continue
        fp32 = data if kind == "onnx" else fp32
        show(subject.name, kind, found, subject.answers, f"{len(data) / 1e6:.1f}")
        if programs and kind in PROGRAMS:
            with tempfile.TemporaryDirectory() as place:
                path = Path(place, "model" + FORMATS[kind].ending)
                path.write_bytes(data)
                found = ask_program(programs / PROGRAMS[kind], path, photos)
            show(subject.name, f"{kind} in C++", found, subject.answers, "")


def read_photos(folder: Path, count: int) -> Iterator[Photo]:
    """So many whole photos, spread over a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    found = 0
    for path in paths[:: max(len(paths) // (2 * count), 1)]:
        with suppress(BadPicture):
            picture = np.asarray(decode(path.read_bytes(), MAX_PIXELS).image)
            yield path, picture
            found += 1
        if found == count:
            return


def main() -> None:
    """One network after the other."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--backbones", nargs="+", default=NETWORKS)
    parser.add_argument("--formats", nargs="+", default=get_args(Format), choices=get_args(Format))
    parser.add_argument("--count", type=int, default=25)
    parser.add_argument("--programs", type=Path, help="where cpp/ was built")
    options = parser.parse_args()
    torch.set_num_threads(1)
    photos = list(read_photos(options.photos, options.count))
    print(f"{describe_machine()}; torch {torch.__version__}; {len(photos)} photos")
    print(f"\n{HEAD}")
    with torch.no_grad():
        for name in options.backbones:
            subject = make_subject(name, photos)
            try_formats(subject, photos, options.formats, options.programs)


if __name__ == "__main__":
    main()
