"""Scores proposed boxes against true ones: on fruit photographs and on the drawn sample web.

    python benchmarks/propose.py FRUIT_BOXES [--sheet FILE.png]

FRUIT_BOXES holds photographs with Pascal VOC boxes beside them. A picture with several boxes is
scored twice: `union` against the box around them all, `best` against the one that fits best. The
baseline is the centred box of a fixed share of the sides that is the best on that very data.
"""

import argparse
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from foodcls.image.decode import decode
from foodcls.image.foreground import propose_box
from foodcls.sample.dishes import LABELS
from foodcls.sample.file_bytes import file_bytes
from foodcls.sample.web import SampleWeb

Edges = tuple[float, float, float, float]
EDGES = ("xmin", "ymin", "xmax", "ymax")
SHARES = [share / 100 for share in range(40, 100, 5)]
MOST = 100_000_000  # pixels


@dataclass(frozen=True)
class Sample:
    """A picture and the true boxes in it."""

    image: Image.Image
    boxes: tuple[Edges, ...]


def read_fruit(folder: Path) -> Iterator[Sample]:
    """The photographs of a folder that have a Pascal VOC file."""
    for path in sorted(folder.glob("*.xml")):
        boxes = [
            tuple(float(item.findtext(f"bndbox/{edge}") or 0) for edge in EDGES)
            for item in ET.parse(path).getroot().iter("object")
        ]
        photo = next(file for file in sorted(folder.glob(f"{path.stem}.*"))
                     if file.suffix.lower() in (".jpg", ".jpeg", ".png"))  # fmt: skip
        yield Sample(decode(photo.read_bytes(), MOST).image, tuple(boxes))  # type: ignore[arg-type]


def draw_sample(per_class: int, seed: int) -> Iterator[Sample]:
    """The original pictures of a sample web."""
    web = SampleWeb(per_class=per_class, seed=seed)
    for item in (item for label in LABELS for item in web.items(label)):
        if item.kind == "original" and item.frame:
            yield Sample(decode(file_bytes(item), MOST).image, (item.frame[0],))


def overlap(one: Edges, other: Edges) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0, width) * max(0, height)
    return common / (area(one) + area(other) - common)


def area(box: Edges) -> float:
    """Square pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])


def around(boxes: Sequence[Edges]) -> Edges:
    """The box around all boxes."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def central_box(image: Image.Image, share: float) -> Edges:
    """The centred box of this share of both sides."""
    margin = (1 - share) / 2
    return (image.width * margin, image.height * margin,
            image.width * (1 - margin), image.height * (1 - margin))  # fmt: skip


def score(samples: Sequence[Sample], propose: Callable[[Image.Image], Edges | None]) -> np.ndarray:
    """A row a picture: IoU with the union of its boxes, and with the best of them."""
    rows = []
    for sample in samples:
        box = propose(sample.image) or (0, 0, *sample.image.size)
        rows.append(
            (overlap(box, around(sample.boxes)), max(overlap(box, true) for true in sample.boxes))
        )
    return np.array(rows)


def show_table(name: str, samples: Sequence[Sample]) -> None:
    """Print the scores of the strongest center crop and of the proposals."""
    central = {
        f"center, {share:.0%} of the sides": score(
            samples, lambda image, share=share: central_box(image, share)
        )
        for share in SHARES
    }
    best = max(central, key=lambda key: central[key][:, 0].mean())
    rows = {best: central[best], "proposed": score(samples, propose_box)}
    print(f"\n{name}: {len(samples)} pictures, {sum(len(item.boxes) for item in samples)} boxes")
    print(f"{'':<28} {'union IoU':>9} {'> 0.5':>6} {'best IoU':>9} {'> 0.5':>6}")
    for method, values in rows.items():
        union, single = values.T
        print(f"{method:<28} {union.mean():9.3f} {(union > 0.5).mean():6.0%} "
              f"{single.mean():9.3f} {(single > 0.5).mean():6.0%}")  # fmt: skip


def draw_sheet(samples: Sequence[Sample], path: Path, columns: int = 6, cell: int = 240) -> None:
    """Draw pictures with their true boxes in green and the proposed ones in red."""
    sheet = Image.new("RGB", (columns * cell, -(-len(samples) // columns) * cell), "gray")
    for number, sample in enumerate(samples):
        image, shrink = sample.image.copy(), cell / max(sample.image.size)
        image = image.resize((round(image.width * shrink), round(image.height * shrink)))
        pen = ImageDraw.Draw(image)
        proposed = propose_box(sample.image)
        boxes = [(box, "lime") for box in sample.boxes] + [(proposed, "red")] * bool(proposed)
        for box, color in boxes:
            pen.rectangle([edge * shrink for edge in box], outline=color, width=3)
        sheet.paste(image, (number % columns * cell, number // columns * cell))
    sheet.save(path)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("fruit", type=Path)
    parser.add_argument("--per-class", type=int, default=10, help="of the sample web")
    parser.add_argument("--seed", type=int, default=0, help="of the sample web")
    parser.add_argument("--sheet", type=Path, help="draw 15 pictures of each here")
    options = parser.parse_args()
    fruit = list(read_fruit(options.fruit))
    drawn = list(draw_sample(options.per_class, options.seed))
    show_table("fruit photographs", fruit)
    show_table("sample web", drawn)
    if options.sheet:
        draw_sheet(fruit[:: len(fruit) // 15][:15] + drawn[:: len(drawn) // 15][:15],
                   options.sheet)  # fmt: skip


if __name__ == "__main__":
    main()
