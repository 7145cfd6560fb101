"""Turns decoded pixels of any kind into those that a viewer shows: upright, on white, in sRGB."""

import numpy as np
from PIL import Image

from foodcls.image.color import to_srgb

ORIENTATION = 0x0112
# modes of other colors than red, green and blue, and how those of gray begin
OWN_SPACES = ("CMYK", "LAB")
GRAY = ("1", "L", "I", "F")
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def show_upright(image: Image.Image) -> tuple[Image.Image, bool, bool]:
    """A loaded picture as 8-bit RGB; whether its file has it so; whether its profile is broken."""
    turn = UPRIGHT.get(find_orientation(image))
    whole = image if turn is None else image.transpose(turn)
    upright = shown = lay_on_white(whole)
    is_sound = True
    if profile := image.info.get("icc_profile"):
        source = whole if whole.mode in OWN_SPACES else upright
        # gray may have a profile of colors, which are its own where red, green and blue are equal
        if whole.mode.startswith(GRAY) and source is upright and profile[16:20] != b"RGB ":
            source = upright.getchannel("R")
        shown, is_sound = to_srgb(source, profile)
    shown.info = {}
    return shown, turn is None and shown is upright, not is_sound


def find_orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1 (as it is stored) where there is none that can be read."""
    try:
        if image.format == "PNG":
            image.load()  # XMP may stand behind the pixels
        drop_xmp(image)
        found = image.getexif().get(ORIENTATION)
        return int(found) if found in UPRIGHT else 1
    # broken EXIF raises nearly anything and says nothing about the pixels
    except Exception:
        return 1


def drop_xmp(image: Image.Image) -> None:
    """Keep Pillow from turning a picture as XMP says: no browser does, and it is often stale."""
    for name in ("xmp", "XML:com.adobe.xmp"):
        image.info.pop(name, None)


def lay_on_white(image: Image.Image) -> Image.Image:
    """The picture as 8-bit RGB, white where it is clear."""
    if image.mode == "F" or image.mode.startswith("I"):
        return _eight_bits(image).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = Image.new("RGB", image.size, "white")
    # pasted, not composited: where alpha is 0 nothing of the hidden color may shine through
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale deep gray to 8 bits; Pillow's own conversion clips all above 255 to white."""
    values = np.asarray(image).astype(np.float64)
    clear = values == image.info.get("transparency", np.nan)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    top = values.max()
    # what is signed, or too large for Pillow's numbers, is no photo's gray
    if values.min() < 0 and image.mode != "F":
        raise ValueError("gray below black")
    if image.mode == "F" and top <= 1:
        full = 1.0
    elif image.mode in ("I", "F"):
        full = next((limit for limit in (255.0, 65_535.0) if top <= limit), top)
    else:
        full = 65_535.0
    gray = np.clip(values / full * 255, 0, 255).round().astype(np.uint8)
    return Image.fromarray(np.where(clear, np.uint8(255), gray))
