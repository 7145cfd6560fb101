"""Says which items the sample web has, how near-duplicates differ, and what a query finds.

It draws nothing.
"""

import random
from dataclasses import dataclass, replace
from functools import lru_cache

from PIL import Image, ImageEnhance, ImageOps

from foodcls.sample.dishes import LABELS
from foodcls.sample.render import PixelBox
from foodcls.sample.scene import true_box

# the name under which pictures are recorded, so that no address depends on a port
HOST = "sample.foodcls.test"
# one in four results is mess: each class takes the next ones from this round
MESS = (
    "near_duplicate:mirrored", "wrong:dish", "broken:truncated", "near_duplicate:resized",
    "placeholder", "wrong:menu", "near_duplicate:cropped", "gone", "exact_duplicate",
    "wrong:dish", "near_duplicate:brighter", "broken:html", "redirect", "wrong:cat",
    "near_duplicate:reencoded", "fault", "broken:empty", "placeholder", "wrong:landscape",
    "loop", "broken:garbage", "private",
)  # fmt: skip
# how originals are encoded and answered, by their place in a round of 24
FORMS = {3: "webp", 5: "png", 8: "rotated", 11: "alpha", 14: "cmyk", 17: "gray", 20: "gif"}
MANNERS = {1: "slow", 12: "busy"}
SUFFIXES = {"webp": "webp", "png": "png", "alpha": "png", "gif": "gif"}
# words that queries may leave out
FILLERS = {"with", "and"}


@dataclass(frozen=True)
class Edit:
    """How a near-duplicate differs from its original: cropped, resized, brighter, mirrored."""

    margin: float = 0.0  # share cut off at each side
    size: float = 1.0
    glow: float = 1.0
    mirror: bool = False
    quality: int = 88  # of the JPEG

    def of_image(self, image: Image.Image) -> Image.Image:
        """The edited picture."""
        left, top, width, height = self._window(image.width, image.height)
        cut = image.crop((left, top, left + width, top + height))
        sized = cut.resize(self._sized(width, height), Image.Resampling.BICUBIC)
        lit = ImageEnhance.Brightness(sized).enhance(self.glow)
        return ImageOps.mirror(lit) if self.mirror else lit

    def of_box(self, box: PixelBox, width: int, height: int) -> tuple[PixelBox, int, int]:
        """The box in the edited picture, with that picture's width and height."""
        left, top, inner_width, inner_height = self._window(width, height)
        new_width, new_height = self._sized(inner_width, inner_height)
        across, down = new_width / inner_width, new_height / inner_height
        xmin, xmax = (min(max(x - left, 0), inner_width) * across for x in box[::2])
        ymin, ymax = (min(max(y - top, 0), inner_height) * down for y in box[1::2])
        if self.mirror:
            xmin, xmax = new_width - xmax, new_width - xmin
        moved = (int(xmin), int(ymin), -int(-xmax // 1), -int(-ymax // 1))
        return moved, new_width, new_height

    def _window(self, width: int, height: int) -> tuple[int, int, int, int]:
        left, top = round(width * self.margin), round(height * self.margin)
        return left, top, width - 2 * left, height - 2 * top

    def _sized(self, width: int, height: int) -> tuple[int, int]:
        return round(width * self.size), round(height * self.size)


EDITS = {
    "reencoded": Edit(quality=55),
    "resized": Edit(size=0.7),
    "brighter": Edit(glow=1.12),
    "cropped": Edit(margin=0.02),
    "mirrored": Edit(mirror=True),
}


@dataclass(frozen=True)
class SampleItem:
    """One search result of the sample web, with the ground truth about it."""

    file: str  # unique over the whole web
    kind: str  # original, near_duplicate:<edit>, exact_duplicate, wrong:<what>, broken:<how>, …
    found_as: str  # the class whose search shows it
    label: str  # what it truly shows; empty when that is none of the dishes
    seed: int
    number: int  # of the drawn picture
    source: str = ""  # the file that it copies or leads to
    form: str = "jpeg"  # jpeg, png, webp, rotated, alpha, cmyk, gray or gif
    manner: str = "plain"  # plain, slow, or busy at the first visit

    @property
    def is_picture(self) -> bool:
        """Whether asking for it (again, if need be) gives a picture."""
        return self.kind.partition(":")[0] not in ("broken", "gone", "fault", "loop", "private")

    @property
    def frame(self) -> tuple[PixelBox, int, int] | None:
        """Box of the dish, width and height in upright pixels; None when there is no dish."""
        if not self.label:
            return None
        return self.edit.of_box(*true_box(self.seed, self.label, self.number))

    @property
    def edit(self) -> Edit:
        """What was done to the drawn picture."""
        return EDITS.get(self.kind.partition(":")[2], Edit())


@dataclass(frozen=True)
class SampleWeb:
    """A web of `per_class` good pictures a class, and a third as many flawed or wrong ones."""

    per_class: int = 48
    seed: int = 0

    def items(self, label: str) -> tuple[SampleItem, ...]:
        """All results of the class, in the order of its own name's search."""
        return _items(self, label)

    def find(self, file: str) -> SampleItem | None:
        """The item of that file name, if there is one."""
        label = file.rpartition("-")[0]
        items = self.items(label) if label in LABELS else ()
        return next((item for item in items if item.file == file), None)

    def search(self, query: str) -> tuple[SampleItem, ...]:
        """What a query finds; other words for a class find most of its items in another order."""
        label = match_label(query)
        if label is None:
            return ()
        items, words = self.items(label), _words(query)
        if words == _words(label):
            return items
        dice = random.Random(f"{self.seed}/{' '.join(words)}")
        return tuple(dice.sample(items, round(len(items) * 0.8)))


def match_label(query: str) -> str | None:
    """The class whose words are all in the query; the one with the most words, if several."""
    words = set(_words(query))
    fitting = [label for label in LABELS if set(_words(label)) <= words]
    return max(fitting, key=lambda label: len(_words(label)), default=None)


def _words(text: str) -> list[str]:
    return [word for word in text.lower().replace("_", " ").split() if word not in FILLERS]


@lru_cache(maxsize=256)
def _items(web: SampleWeb, label: str) -> tuple[SampleItem, ...]:
    turn = LABELS.index(label)
    originals = [_original(web, label, number, turn) for number in range(web.per_class)]
    start, count = turn * 5, round(web.per_class / 3)
    kinds = [MESS[(start + place) % len(MESS)] for place in range(count)]
    order = list(range(web.per_class + count))
    dice = random.Random(f"{web.seed}/{label}/order")
    dice.shuffle(order)
    named = [_named(item, order[number]) for number, item in enumerate(originals)]
    messy = [_mess(web, label, kind, dice, named) for kind in kinds]
    places = order[web.per_class :]
    named += [_named(item, place) for item, place in zip(messy, places, strict=True)]
    return tuple(sorted(named, key=lambda item: item.file))


def _named(item: SampleItem, place: int) -> SampleItem:
    # a name tells nothing of what the file is, as anywhere
    suffix = SUFFIXES.get(item.form, "jpg")
    return replace(item, file=f"{item.found_as}-{place:04d}.{suffix}")


def _original(web: SampleWeb, label: str, number: int, turn: int) -> SampleItem:
    place = (number + 5 * turn) % 24
    form, manner = FORMS.get(place, "jpeg"), MANNERS.get(place, "plain")
    return SampleItem("", "original", label, label, web.seed, number, form=form, manner=manner)


def _mess(
    web: SampleWeb, label: str, kind: str, dice: random.Random, originals: list[SampleItem]
) -> SampleItem:
    family, _, _ = kind.partition(":")
    number = web.per_class + dice.randrange(10_000)
    if family in ("near_duplicate", "exact_duplicate", "redirect"):
        source = dice.choice([item for item in originals if item.form == "jpeg"] or originals)
        form = source.form if family == "exact_duplicate" else "jpeg"
        return replace(source, kind=kind, source=source.file, form=form, manner="plain")
    other = dice.choice([name for name in LABELS if name != label])
    shown = {"wrong:dish": other, "broken:truncated": label}.get(kind, "")
    return SampleItem("", kind, label, shown, web.seed, number)
