"""Times the exported file, in Python and in C++, beside eager torchvision with Pillow's transforms.

    python benchmarks/inference.py                       # drawn pictures
    python benchmarks/inference.py PHOTOS --backbone resnet34 --classify build/classify

The same JPEG files, network, machine and threads for all, batches of 1 and of 32. Eager is what a
user would write: Pillow decodes, torchvision resizes, scales and normalises, the network answers.
The export takes the decoded pixels and does the rest itself. Both decode with the same Pillow call;
C++ decodes with libjpeg. `checked` is what `foodcls predict` does: it looks for damage while it
decodes. The contenders take turns, the median of the rounds counts. PHOTOS, a folder of pictures,
are brought to one size first, so that 32 of them make a batch. Without --classify the C++ program
is built, which takes half a minute.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peers import busy, describe_machine
from PIL import Image
from torch import Tensor, nn

from foodcls.export.optimize import OptimizedNetwork
from foodcls.export.torchscript import InferenceConfig, export_bytes
from foodcls.image.decode import BadPicture, decode
from foodcls.network import model_zoo
from foodcls.network.backbones import make_backbone
from foodcls.network.network import Network, make_head
from foodcls.network.resize import as_images, squash
from foodcls.recipe.data_settings import MAX_PIXELS
from foodcls.sample.dishes import LABELS
from foodcls.sample.scene import compose, draw

SIZE = 224  # pixels a side of what the network sees
SHAPE = (640, 480)
BATCHES = (1, 32)
CPP = Path(__file__).resolve().parent.parent / "cpp"
TIMES = re.compile(r"decode ([\d.]+) s, network ([\d.]+) s")


@dataclass(frozen=True)
class Split:
    """Seconds a picture; the network's include the resize where that cannot be told apart."""

    decode: float
    resize: float
    network: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.decode + self.resize + self.network


Contender = Callable[[Sequence[Path], int], Split]


def make_model(backbone: str) -> tuple[nn.Module, bytes]:
    """The network as eager code runs it, and its exported file; random weights take as long."""
    network = make_network(backbone)
    data = export_bytes(OptimizedNetwork(network, SIZE), InferenceConfig(SIZE, tuple(LABELS)), {})
    return nn.Sequential(network.backbone, network.head), data


def make_network(backbone: str) -> Network:
    """A network with random weights, with the head of the recipes."""
    made = make_backbone(backbone, "none", SIZE)
    return Network(made, make_head(made.features, 200, len(LABELS), 0.3, 0), ()).eval()


def eager(network: nn.Module) -> Contender:
    """Pillow, torchvision's transforms, the network."""
    transforms = model_zoo.torchvision.transforms
    change = transforms.Compose(
        [
            transforms.Resize((SIZE, SIZE)),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )

    def run(paths: Sequence[Path], batch: int) -> Split:
        watch = Watch(len(paths))
        for part in parts(paths, batch):
            images = watch("decode", lambda part=part: [plain(path) for path in part])
            inputs = watch("resize", lambda images=images: torch.stack(list(map(change, images))))
            watch("network", lambda inputs=inputs: network(inputs).softmax(1))
        return watch.split()

    return run


def export(
    module: Callable[[Tensor], tuple[Tensor, Tensor]], read: Callable[[Path], Image.Image]
) -> Contender:
    """The file alone: it resizes and normalises by itself, or is given what is resized already."""

    def run(paths: Sequence[Path], batch: int) -> Split:
        watch = Watch(len(paths))
        for part in parts(paths, batch):
            pixels = watch("decode", lambda part=part: [np.array(read(path)) for path in part])
            # the file's own resize, called by itself so that it can be timed
            squares = watch(
                "resize", lambda pixels=pixels: squash(as_images(np.stack(pixels)), SIZE)
            )
            watch("network", lambda squares=squares: module(squares))
        return watch.split()

    return run


def cpp(program: Path, model: Path) -> Contender:
    """The C++ program, warm: what twice the pictures take longer than once."""

    def seconds(paths: Sequence[Path], batch: int) -> np.ndarray:
        words = [program, "--time", "--batch", str(batch), model, *paths]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        return np.array(TIMES.search(done.stderr).groups(), dtype=float)

    def run(paths: Sequence[Path], batch: int) -> Split:
        more = seconds([*paths, *paths], batch) - seconds(paths, batch)
        return Split(more[0] / len(paths), 0.0, more[1] / len(paths))

    return run


class Watch:
    """Adds up the seconds of each stage."""

    def __init__(self, pictures: int) -> None:
        self.pictures = pictures
        self.seconds = dict.fromkeys(("decode", "resize", "network"), 0.0)

    def __call__(self, stage: str, work: Callable[[], Any]) -> Any:
        """Do the work and time it."""
        begun = time.perf_counter()
        result = work()
        self.seconds[stage] += time.perf_counter() - begun
        return result

    def split(self) -> Split:
        """Seconds a picture."""
        return Split(**{name: spent / self.pictures for name, spent in self.seconds.items()})


def parts(paths: Sequence[Path], batch: int) -> Iterator[Sequence[Path]]:
    """The paths, `batch` at a time."""
    return (paths[start : start + batch] for start in range(0, len(paths), batch))


def plain(path: Path) -> Image.Image:
    """Decode as everybody does."""
    with Image.open(path) as image:
        return image.convert("RGB")


def checked(path: Path) -> Image.Image:
    """Decode as `foodcls predict` does."""
    return decode(path.read_bytes(), MAX_PIXELS).image


def write_pictures(photos: Path | None, count: int, folder: Path) -> list[Path]:
    """JPEG files of one size, from a folder or drawn."""
    paths = [folder / f"{number:04d}.jpg" for number in range(count)]
    images = (
        list(islice(sound(photos), count))
        if photos
        else [draw(compose(0, LABELS[number % len(LABELS)], number)) for number in range(count)]
    )
    for path, image in zip(paths, cycle(images)):
        image.resize(SHAPE).save(path, quality=90)
    return paths


def sound(photos: Path) -> Iterator[Image.Image]:
    """The pictures of a folder that are whole."""
    for path in sorted(photos.rglob("*.jpg")):
        with suppress(BadPicture):
            yield checked(path)


def build_program(folder: Path) -> Path:
    """Build the C++ program as the README says."""
    prefix = f"-DCMAKE_PREFIX_PATH={torch.utils.cmake_prefix_path}"
    for words in (["-S", CPP, "-B", folder, prefix], ["--build", folder]):
        subprocess.run(["cmake", *words], check=True, stdout=subprocess.DEVNULL)
    return folder / "classify"


def measure(contenders: dict[str, Contender], paths: list[Path], rounds: int) -> None:
    """All contenders in turn for each batch, a table, and ratios against the first."""
    for batch in BATCHES:
        runs: dict[str, list[Split]] = {name: [] for name in contenders}
        for number in range(rounds + 1):
            for name, contender in contenders.items():
                split = contender(paths, batch)
                # the first round warms caches and compiles
                runs[name] += [split] if number else []
        show(batch, {name: middle(splits) for name, splits in runs.items()})


def middle(splits: list[Split]) -> Split:
    """The run in the middle by its total."""
    return sorted(splits, key=lambda split: split.total)[(len(splits) - 1) // 2]


def show(batch: int, found: dict[str, Split]) -> None:
    """Milliseconds by stage, pictures a second, milliseconds until a batch is done, and ratios."""
    print(f"\nbatches of {batch}; {busy()}")
    heads = ("decode", "resize", "network", "all", "pictures/s", "latency")
    print(f"{'ms a picture':<18}", *(f"{head:>10}" for head in heads))
    for name, split in found.items():
        stages = (split.decode, split.resize, split.network, split.total)
        figures = (*(1000 * value for value in stages), 1 / split.total)
        cells = (f"{figure:10.2f}" for figure in (*figures, 1000 * batch * split.total))
        print(f"{name:<18}", *cells)
    base = next(iter(found.values()))
    for name, split in list(found.items())[1:]:
        largest = max(("decode", "resize", "network"), key=lambda stage: getattr(split, stage))
        share = getattr(split, largest) / split.total
        print(f"eager / {name}, batch {batch} = {base.total / split.total:.2f} (time); "
              f"{share:.0%} of it is {largest}")  # fmt: skip


def main() -> None:
    """Export, build, and time all in one run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--backbone", default="resnet34")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--classify", type=Path, help="the C++ program, if it is built already")
    # on a machine with other work, threads that wait for each other measure that work
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    print(f"{describe_machine()}; torch {torch.__version__}, {options.threads} threads, "
          f"{options.backbone}, {options.count} JPEG files of {SHAPE[0]} x {SHAPE[1]}")  # fmt: skip
    with tempfile.TemporaryDirectory() as place, torch.inference_mode():
        folder = Path(place)
        paths = write_pictures(options.photos, options.count, folder)
        network, data = make_model(options.backbone)
        model = folder / "model.pt"
        model.write_bytes(data)
        module = torch.jit.load(model)
        program = options.classify or build_program(folder / "build")
        contenders = {
            "eager torchvision": eager(network),
            "export, Python": export(module, plain),
            "export, checked": export(module, checked),
            "export, C++": cpp(program, model),
        }
        measure(contenders, paths, options.rounds)


if __name__ == "__main__":
    main()
