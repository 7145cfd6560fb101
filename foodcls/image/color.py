"""Turns the colors of a picture's profile into those of sRGB, as viewers show them."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

# of a profile; those for print have 3 million
MAX_BYTES = 8_000_000
# what cameras write as sRGB differs from lcms's own by one level of 255 at most
SLIGHT = 2


def to_srgb(image: Image.Image, profile: bytes) -> tuple[Image.Image, bool]:
    """A picture of mode RGB, L, CMYK or LAB as sRGB, and whether its profile could be used.

    A profile that is broken, or one for another kind of picture, is passed over. Where the colors
    are sRGB's already, an RGB picture comes back as it is.
    """
    try:
        transform = _transform(profile, image.mode)
    # lcms and Pillow raise nearly anything at bytes that are no profile
    except Exception:
        return image if image.mode == "RGB" else image.convert("RGB"), False
    shown = ImageCms.applyTransform(image, transform) if transform else image
    return shown or image, True


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What turns the colors into sRGB; None where they hardly change."""
    if len(profile) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    found = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode != "RGB":
        return found
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    colors = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    changed = np.asarray(ImageCms.applyTransform(Image.fromarray(colors), found), int)
    return None if np.abs(changed - colors).max() <= SLIGHT else found
