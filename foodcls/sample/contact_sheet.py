"""Turns a sample web into one picture of all its classes, for people to look at."""

from PIL import Image, ImageDraw, ImageOps

from foodcls.sample.dishes import LABELS
from foodcls.sample.scene import compose, draw
from foodcls.sample.web import SampleWeb

TILE = 160  # pixels


def contact_sheet(web: SampleWeb, per_class: int = 8) -> Image.Image:
    """A row a class: its name and its first `per_class` originals."""
    sheet = Image.new("RGB", ((per_class + 1) * TILE, len(LABELS) * TILE), "white")
    write = ImageDraw.Draw(sheet)
    for row, label in enumerate(LABELS):
        write.multiline_text((8, row * TILE + 8), label.replace("_", "\n"), "black", font_size=18)
        for number in range(per_class):
            image = draw(compose(web.seed, label, number)).image
            tile = ImageOps.fit(image, (TILE - 4, TILE - 4))
            sheet.paste(tile, ((number + 1) * TILE + 2, row * TILE + 2))
    return sheet
