"""Makes views of a photo that look as pictures will where the model is used."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from foodcls.features.pixels import Change
from foodcls.image.foreground import cut_out
from foodcls.image.silhouette import quarter_turn, random_crop, random_silhouette
from foodcls.network.resize import Pixels
from foodcls.network.seeds import derive_seed
from foodcls.recipe.train_settings import Target, Train
from foodcls.work.code_digest import code_digest

WHITE = (255, 255, 255)


@dataclass(frozen=True)
class View:
    """One view of each picture; the recipe's target, seed, number and the digest decide it.

    Number 0 of a cut-out is the whole dish, the others are random parts of the photo.
    """

    target: Target
    size: int  # pixels a side
    seed: int
    number: int

    @property
    def version(self) -> str:
        """All that a view depends on besides the picture."""
        look = self.target.model_dump_json(exclude={"views"})
        return f"view {code_digest((__name__,))} {look} {self.seed} {self.number}"

    @property
    def bound(self) -> int:
        """A random part of a picture of that side still has the pixels that the network sees."""
        return 2 * self.size

    def change(self, picture: Pixels, digest: str) -> Pixels:
        """uint8 (H, W, 3): the dish cut out, or a random part of the picture."""
        draw = np.random.default_rng(derive_seed("view", self.seed, self.number, digest))
        image = Image.fromarray(picture)
        if self.target.shape == "photo":
            return np.asarray(self._part(image, draw))
        any_color: tuple[int, int, int] = tuple(draw.integers(0, 256, 3).tolist())
        fill = WHITE if self.target.background == "white" else any_color
        if self.number == 0:
            return np.asarray(cut_out(image, fill))
        return np.asarray(random_silhouette(self._part(image, draw), fill, draw))

    def _part(self, image: Image.Image, draw: np.random.Generator) -> Image.Image:
        part = random_crop(image, self.size, self.target.scale, draw)
        if self.target.rotation == "any":
            part = quarter_turn(part, draw)
        return ImageOps.mirror(part) if draw.random() < 0.5 else part


def training_views(settings: Train) -> tuple[Change, ...]:
    """The looks at each training photo: itself or its dish, and random parts of it."""
    if settings.target is None:
        return (None,)
    parts = tuple(
        _view(settings, settings.seed, 1 + part) for part in range(settings.target.views - 1)
    )
    return (validation_views(settings)[0], *parts)


def validation_views(settings: Train) -> tuple[Change, ...]:
    """The look at each validation photo, as the model will be used, whatever the seed."""
    if settings.target is None or settings.target.shape == "photo":
        return (None,)
    return (_view(settings, 0, 0),)


def _view(settings: Train, seed: int, number: int) -> View:
    assert settings.target is not None
    return View(settings.target, settings.input_size, seed, number)
