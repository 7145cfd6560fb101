"""Makes the profile of colors that a file names by numbers alone.

A PNG has the chunks cICP, iCCP, sRGB, and gAMA with cHRM, of which the first counts (PNG spec,
third edition, 4.3); an AVIF or HEIF without a profile has a box `nclx`.
"""

import struct
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from foodcls.image.truncation import png_chunks

Places = tuple[float, ...]  # x and y of white, red, green and blue (CIE 1931)
D65 = (0.3127, 0.3290)
SRGB: Places = (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
# by the numbers of ITU-T H.273; all others are shown as sRGB
PRIMARIES: dict[int, Places] = {
    5: (*D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),  # BT.601, 625 lines
    6: (*D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),  # BT.601, 525 lines
    9: (*D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # BT.2020
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # DCI-P3
    12: (*D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # Display P3
}
EXPONENTS = {4: 2.2, 5: 2.8, 8: 1.0}
HDR = (16, 18)  # PQ and HLG
# what a PNG calls gamma is the exponent of the encoder; 1/2.2 stands for sRGB's curve
SRGB_GAMMA, NEAR = 1 / 2.2, 0.01
GAMMAS = (0.1, 4.0)  # beyond these nobody means it
UNUSABLE = b"no profile"  # is passed over as a broken one is
D50 = np.array([0.9642, 1.0, 0.8249])  # the white of profiles, X, Y, Z
# X, Y, Z to the responses of cones by which whites are adapted
BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
NCLX = b"colrnclx"


class UnreadColors(Exception):
    """Colors that cannot be turned into sRGB's; the message says which."""


def find_profile(data: bytes, image: Image.Image) -> bytes | None:
    """The profile of an opened picture's colors; None where they are sRGB's or nothing is said."""
    own: bytes | None = image.info.get("icc_profile")
    if image.format == "PNG":
        codes = _png_codes(data)
        if codes:
            return _coded_profile(*codes)
        return own or (None if "srgb" in image.info else _gamma_profile(image))
    if own or image.format not in ("AVIF", "HEIF") or NCLX not in data:
        return own
    numbers = data.partition(NCLX)[2][:4]
    return _coded_profile(*struct.unpack(">HH", numbers.ljust(4, b"\0")))


def _png_codes(data: bytes) -> tuple[int, int] | None:
    for kind, body in png_chunks(data):
        if kind == b"cICP" and len(body) == 4:
            if body[2:] != b"\0\1":
                raise UnreadColors("colors as of video")
            return body[0], body[1]
        if kind == b"IDAT":
            break
    return None


def _coded_profile(primaries: int, curve: int) -> bytes | None:
    if curve in HDR:
        raise UnreadColors("HDR colors (PQ or HLG)")
    if primaries not in PRIMARIES and curve not in EXPONENTS:
        return None
    return _make_profile(PRIMARIES.get(primaries, SRGB), EXPONENTS.get(curve))


def _gamma_profile(image: Image.Image) -> bytes | None:
    if "gamma" not in image.info:
        return None
    gamma, places = image.info["gamma"], image.info.get("chromaticity", SRGB)
    if not GAMMAS[0] <= gamma <= GAMMAS[1]:
        return UNUSABLE
    return _make_profile(places, None if abs(gamma - SRGB_GAMMA) < NEAR else 1 / gamma)


@lru_cache(maxsize=16)
def _make_profile(places: Places, exponent: float | None) -> bytes:
    """lcms's profile of sRGB with other colors and, where there is an exponent, another curve."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    numbers: dict[bytes, tuple[float, ...]] = {}
    try:
        numbers |= zip((b"rXYZ", b"gXYZ", b"bXYZ"), _adapt(places).T.tolist(), strict=True)
        if exponent:
            # a power of x from 0 on: (1 x + 0) ** exponent (ICC.1, 10.18, type 3)
            curves = (b"rTRC", b"gTRC", b"bTRC")
            numbers |= dict.fromkeys(curves, (exponent, 1.0, 0.0, 0.0, 0.0))
        for place in range(132, 132 + 12 * int.from_bytes(profile[128:132]), 12):
            tag, start, length = struct.unpack_from(">4sII", profile, place)
            if tag in numbers:
                packed = b"".join(struct.pack(">i", round(x * 65536)) for x in numbers[tag])
                end = start + length
                profile = profile[: end - len(packed)] + packed + profile[end:]
    # primaries on one line, or whites that are none
    except (np.linalg.LinAlgError, ValueError, OverflowError, struct.error):
        return UNUSABLE
    return profile


def _adapt(places: Places) -> np.ndarray:
    """X, Y, Z of red, green and blue in columns, under D50."""
    with np.errstate(all="ignore"):
        white, *primaries = ([x / y, 1.0, (1 - x - y) / y] for x, y in _pairs(places))
        columns = np.array(primaries).T
        columns = columns * np.linalg.solve(columns, np.array(white))
        cones = (BRADFORD @ D50) / (BRADFORD @ white)
        adapted: np.ndarray = np.linalg.inv(BRADFORD) @ (cones[:, None] * (BRADFORD @ columns))
    return adapted


def _pairs(places: Places) -> list[tuple[np.float64, np.float64]]:
    values = np.array(places).reshape(4, 2)
    return [(x, y) for x, y in values]
