"""Turns an item of the sample web into the bytes of its file."""

import io
import random

from PIL import Image

from foodcls.sample.distractors import cat, landscape, menu, placeholder
from foodcls.sample.scene import compose, draw
from foodcls.sample.web import SampleItem

HTML_AS_PICTURE = b"<!doctype html><title>Sign in</title><p>Please sign in to see this picture.</p>"


def file_bytes(item: SampleItem) -> bytes:
    """The bytes of the item's file; empty for a redirect or an error."""
    family, _, detail = item.kind.partition(":")
    if family == "broken":
        return _broken(item, detail)
    if family == "placeholder":
        return _encode(placeholder(), "jpeg")
    if family == "wrong" and detail != "dish":
        depict = {"menu": menu, "cat": cat, "landscape": landscape}[detail]
        return _encode(depict(random.Random(f"{item.seed}/{item.file}")), "jpeg")
    return _dish_bytes(item) if item.is_picture else b""


def _dish_bytes(item: SampleItem) -> bytes:
    image = draw(compose(item.seed, item.label, item.number))
    image = item.edit.of_image(image) if ":" in item.kind else image
    # a copy must have its original's bytes, so nothing here may depend on the file's name
    quality = item.edit.quality + random.Random(f"{item.label}/{item.number}").randrange(-3, 5)
    return _encode(image, item.form, quality)


def _broken(item: SampleItem, how: str) -> bytes:
    if how == "truncated":
        whole = _dish_bytes(item)
        return whole[: len(whole) // 2]
    garbage = random.Random(item.file).randbytes(5_000)
    return {"html": HTML_AS_PICTURE, "empty": b"", "garbage": garbage}[how]


def _encode(image: Image.Image, form: str, quality: int = 88) -> bytes:
    buffer = io.BytesIO()
    if form == "rotated":
        exif = Image.Exif()
        # orientation 6: a viewer turns the stored picture a quarter clockwise
        exif[0x0112] = 6
        image.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", quality=quality, exif=exif)
    elif form == "png":
        image.save(buffer, "PNG", compress_level=1)
    elif form == "alpha":
        _faded(image).save(buffer, "PNG", compress_level=1)
    elif form == "webp":
        image.save(buffer, "WEBP", quality=quality, method=0)
    elif form == "gif":
        dark = image.point(lambda level: level * 0.8)
        frames = [image.quantize(128, Image.Quantize.FASTOCTREE) for image in (image, dark)]
        frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=400, loop=0)
    else:
        mode = {"cmyk": "CMYK", "gray": "L"}.get(form, "RGB")
        image.convert(mode).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _faded(image: Image.Image) -> Image.Image:
    edge = Image.new("L", image.size, 0)
    edge.paste(255, (4, 4, image.width - 4, image.height - 4))
    faded = image.convert("RGBA")
    faded.putalpha(edge)
    return faded
