"""Turns the bytes of a hostile file into an upright RGB picture, or says why it is none.

`decode` takes any bytes: it is called in the sandbox (inspect/sandbox_worker.py), whose process may
die, or of what `inspect` has found sound; `predict` and `duplicates` alone decode files of unknown
origin in their own process. `load_picture` takes what a stage has found sound.
"""

import io
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from foodcls.image.color_tags import UnreadColors, find_profile
from foodcls.image.file_types import UNREAD, sniff_format
from foodcls.image.truncation import JPEG_END, is_truncated, lacks_rows
from foodcls.image.upright import drop_xmp, lay_on_white, show_upright

# content decides which it is; what runs programs (EPS) or parses markup (SVG, PDF) is left out,
# and an MPO (a JPEG with more pictures behind it) opens as a JPEG
FORMATS = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    GifImagePlugin.GifImageFile.format,
    BmpImagePlugin.BmpImageFile.format,
    TiffImagePlugin.TiffImageFile.format,
    AvifImagePlugin.AvifImageFile.format,
)
PLAIN_FORMATS = ("JPEG", "PNG", "WEBP")
FADING_FORMATS = ("GIF", "WEBP", "AVIF", "PNG")  # whose frames may begin blank; a TIFF has pages
MOST_FRAMES = 50  # that are looked at of such a file

NEW_SUBFILE_TYPE, REDUCED = 254, 1  # TIFF's mark of a smaller copy of another picture in the file

PHOTOMETRIC, WHITE_IS_ZERO = 262, 0  # TIFF's kind of colors

# a channel of one color spans no more than this after a lossy encoder's rounding
BLANK_RANGE = 4
# a picture above this is decoded behind the caller's gate, so that memory stays bounded
LARGE = 12_000_000  # pixels


class BadPicture(Exception):
    """A file that is no usable picture.

    `reason` is one of not_an_image, truncated, broken, too_many_pixels, too_small, blank and,
    where the process may not have the memory that decoding needs, decoder_crash.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class DecodedPicture:
    """An upright 8-bit picture in sRGB; `is_plain` when the file's own pixels are just these."""

    image: Image.Image
    format: str
    is_plain: bool
    odd_profile: bool = False  # its profile of colors is broken, and was passed over


def decode(
    data: bytes,
    max_pixels: int,
    min_side: int = 1,
    gate: AbstractContextManager[object] | None = None,
) -> DecodedPicture:
    """Decode on white, upright by EXIF, in sRGB; BadPicture when that cannot be done.

    Of several frames the first, or where that is blank the one that shows most.

    Pixels are bounded by the header before any is allocated. Decodes above LARGE pixels hold
    `gate`, e.g. a lock that threads share.
    """
    try:
        with open_picture(data) as image:
            _check_kind(image)
            _check_size(image.size, max_pixels, min_side)
            large = image.width * image.height > LARGE
            with gate if gate is not None and large else nullcontext():
                return _decoded(data, image)
    except BadPicture:
        raise
    # Pillow's decoders raise nearly anything on hostile bytes: OSError, SyntaxError, ValueError,
    # struct.error, zlib.error, EOFError, OverflowError, MemoryError
    except Exception as error:
        raise _explain(data, error) from error


def open_picture(data: bytes) -> ImageFile.ImageFile:
    """Open a file of a format that is read here; of its pixels none is decoded yet.

    Its `info` has the profile of its colors, by whatever means the file names them.
    """
    formats: tuple[str, ...] = FORMATS
    if sniff_format(data) == "HEIF":
        # 30 MiB of codecs, which no other format needs
        from pillow_heif import register_heif_opener

        register_heif_opener()
        formats = ("HEIF",)
    image = Image.open(io.BytesIO(data), formats=formats)
    drop_xmp(image)  # a TIFF turns itself while it is loaded
    try:
        image.info["icc_profile"] = find_profile(data, image)
    except UnreadColors as error:
        raise BadPicture("not_an_image", f"{error} are not read; save it as sRGB") from error
    return image


def load_picture(data: bytes) -> Image.Image:
    """Decode a blob that a stage of foodcls has found sound."""
    with open_picture(data) as image:
        picture = image.convert("RGB")
    # profiles and comments of the original must not travel into what is written from it
    picture.info = {}
    return picture


def png_bytes(image: Image.Image) -> bytes:
    """Encode without loss; level 3 is half the time of the default 6 for 5 % more bytes."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _check_kind(image: Image.Image) -> None:
    tags = getattr(image, "tag_v2", {})
    kind = tags.get(NEW_SUBFILE_TYPE)
    # a camera's raw file (DNG, NEF) is a TIFF that begins with a thumbnail, and says so
    if isinstance(kind, int) and kind & REDUCED:
        raise BadPicture("not_an_image", "a raw photo is not read; save it as JPEG or PNG")
    # Pillow inverts such gray of 8 bits only
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO and image.mode.startswith(("I", "F")):
        raise BadPicture(
            "not_an_image", "deep gray from white to black is not read; save it as PNG"
        )


def _check_size(size: tuple[int, int], max_pixels: int, min_side: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise BadPicture("too_many_pixels", f"{width}x{height}, at most {max_pixels} pixels")
    if min(size) < min_side:
        raise BadPicture("too_small", f"{width}x{height}, at least {min_side} a side")


def _decoded(data: bytes, image: Image.Image) -> DecodedPicture:
    # verify() sees wrong checksums, load() sees data that does not decode: neither sees both;
    # only PNG has checksums
    if image.format == "PNG":
        with open_picture(data) as twin:
            twin.verify()
    loaded = _loaded(data, image)
    found = _developed(data, loaded)
    if found.format in FADING_FORMATS and _is_blank(found.image):
        _seek_clearest(image)
        found = _developed(data, image)
    if _is_blank(found.image):
        raise BadPicture("blank", f"one color, {found.image.getpixel((0, 0))}")
    # `load_picture` has no end mark to add
    return found if loaded is image else replace(found, is_plain=False)


def _loaded(data: bytes, image: Image.Image) -> Image.Image:
    """The picture with its pixels; a JPEG of which only the end mark lacks is whole."""
    is_endless = False
    try:
        image.load()
    except OSError:
        if image.format != "JPEG":
            raise
        is_endless = True
        image = open_picture(data + JPEG_END)
        image.load()
    if lacks_rows(data, image, is_endless=is_endless):
        raise BadPicture("truncated", f"{image.format} ends before its last row")
    return image


def _developed(data: bytes, image: Image.Image) -> DecodedPicture:
    shown, is_same, odd_profile = show_upright(image)
    is_plain = is_same and _is_plain(data, image)
    return DecodedPicture(shown, image.format or "", is_plain, odd_profile)


def _seek_clearest(image: Image.Image) -> None:
    """Go to the frame with the strongest contrast."""
    contrasts: list[float] = []
    for number in range(min(MOST_FRAMES, getattr(image, "n_frames", 1))):
        image.seek(number)
        contrasts.append(float(np.asarray(lay_on_white(image).resize((64, 64)), float).std()))
    image.seek(int(np.argmax(contrasts)))


def _is_blank(image: Image.Image) -> bool:
    # a few pixels acquit nearly every picture; the rest are looked at as a whole
    few = image.resize((16, 16), Image.Resampling.NEAREST)
    return all(
        high - low <= BLANK_RANGE  # type: ignore[misc]
        for one in (few, image)
        for low, high in one.getextrema()
    )


def _is_plain(data: bytes, image: Image.Image) -> bool:
    return (
        image.format in PLAIN_FORMATS
        and image.mode == "RGB"
        and "transparency" not in image.info
        and getattr(image, "n_frames", 1) == 1
        # Pillow hands a 16-bit PNG out as RGB; the byte after the size is its depth
        and (image.format != "PNG" or data[24] == 8)
    )


def _explain(data: bytes, error: Exception) -> BadPicture:
    detail = f"{type(error).__name__}: {error}"[:200]
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return BadPicture("too_many_pixels", detail)
    if isinstance(error, MemoryError):
        return BadPicture("decoder_crash", "not enough memory to decode it")
    if isinstance(error, UnidentifiedImageError):
        # Pillow's own words name a memory address, another one in each run
        kind = sniff_format(data)
        if kind is None:
            return BadPicture("not_an_image", f"begins with {data[:12]!r}")
        if kind in UNREAD:
            return BadPicture("not_an_image", f"{kind} is not read; save it as JPEG or PNG")
        detail = "the header cannot be read"
    if "truncat" in detail or is_truncated(data):
        return BadPicture("truncated", detail)
    return BadPicture("broken", detail)
