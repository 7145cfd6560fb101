"""Turns a picture into a near-duplicate of it, and its box into the box there."""

from dataclasses import dataclass

from PIL import Image, ImageEnhance, ImageOps

from foodcls.sample.render import PixelBox


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
