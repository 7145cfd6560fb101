"""Turns a picture into what tells whether another shows the same: hashes and a tiny thumbnail."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

import imagehash
import numpy as np
import scipy.fft
from PIL import Image, ImageOps

# raise when the same picture may give another look than before
VERSION = 2
# all that a look tells is taken from a thumbnail of this side: a full picture is read once
THUMB_SIDE = 64
SIGNATURE_SIDE = 32  # pixels: fine enough to lay a picture over a window of another
PHASH_SIDE = 32  # pixels of a picture that is hashed; imagehash's phash shrinks to it
FREQUENCIES = 8  # lowest ones a side that phash keeps: 64 bits
HASHES: dict[str, Callable[[Image.Image], imagehash.ImageHash]] = {
    "phash": imagehash.phash,
    "phash_simple": imagehash.phash_simple,
    "dhash": imagehash.dhash,
    "average_hash": imagehash.average_hash,
    "whash": imagehash.whash,
    "colorhash": imagehash.colorhash,
}


@dataclass(frozen=True)
class Look:
    """How one picture looks: hashes as imagehash writes them, and what confirms a hit."""

    hash: str
    mirror_hash: str
    signature: str  # base64 of a 32x32 RGB thumbnail


@dataclass(frozen=True)
class Looks:
    """How many pictures look; 3 KiB each."""

    hashes: np.ndarray  # uint64 of shape (n,): `a ^ b` has a bit for each that differs
    mirrors: np.ndarray  # the same of the mirror images
    signatures: np.ndarray  # uint8 of shape (n, 32, 32, 3)

    def __len__(self) -> int:
        return len(self.hashes)


FIELDS = tuple(field.name for field in fields(Looks))


def look_at(image: Image.Image, kind: str) -> Look:
    """Compute all that `dedup` compares, of an upright RGB picture; `kind` is a key of HASHES."""
    looks = look_at_thumbs([make_thumb(image)], kind)
    return Look(
        hash=_text(looks.hashes[0], kind),
        mirror_hash=_text(looks.mirrors[0], kind),
        signature=base64.b64encode(looks.signatures[0].tobytes()).decode(),
    )


def make_thumb(image: Image.Image, size: tuple[int, int] | None = None) -> Image.Image:
    """A 64x64 RGB thumbnail, whatever the proportions; a mirror image's is the mirrored one.

    `size` is the picture's own where `image` holds it at a half, a fourth or an eighth, as a JPEG
    decoder hands it out. Shrunk in two steps, the first by a power of two: the decoder may do
    that one, and both together take a fifth of the time of one step.
    """
    width, height = size or image.size
    done = round(width / image.width)
    factor = 1 << (max(1, min(width, height) // THUMB_SIDE).bit_length() - 1)
    small = image.reduce(max(1, factor // done))
    factor = max(factor, done)
    # the last column may stand for less than a whole one
    box = (0, 0, min(small.width, width / factor), min(small.height, height / factor))
    return small.resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.HAMMING, box)


def look_at_thumbs(thumbs: list[Image.Image], kind: str) -> Looks:
    """Looks of thumbnails that `make_thumb` made; of no thumbnail, none."""
    if not thumbs:
        return pack_looks([])
    # one below the other in one picture: what is small costs Pillow more to call than to compute
    column = Image.new("RGB", (THUMB_SIDE, THUMB_SIDE * len(thumbs)))
    for place, thumb in enumerate(thumbs):
        column.paste(thumb, (0, THUMB_SIDE * place))
    shape = (len(thumbs), SIGNATURE_SIDE, SIGNATURE_SIDE, 3)
    signatures = np.asarray(column.reduce(THUMB_SIDE // SIGNATURE_SIDE)).reshape(shape)
    if kind == "phash":
        return Looks(*hash_greys(_shrink_column(column.convert("L"))), signatures)
    hashes = pack_hashes(str(HASHES[kind](thumb)) for thumb in thumbs)
    mirrors = pack_hashes(str(HASHES[kind](ImageOps.mirror(thumb))) for thumb in thumbs)
    return Looks(hashes, mirrors, signatures)


def hash_greys(greys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of pictures and of their mirror images, uint64 of shape (n,).

    `greys` is uint8 of shape (n, 32, 32). A mirror image has the same frequencies, the odd ones
    across with the other sign: no picture is mirrored. After imagehash.phash (Buchner).
    """
    # as imagehash: float64, down before across
    down = scipy.fft.dct(greys.astype(np.float64), axis=1)[:, :FREQUENCIES]
    low = scipy.fft.dct(down, axis=2)[:, :, :FREQUENCIES]
    return _pack_bits(low), _pack_bits(low * (-1.0) ** np.arange(FREQUENCIES))


def _shrink_column(column: Image.Image) -> np.ndarray:
    """Grey thumbnails to uint8 of (n, 32, 32), as each alone would be: across, then down."""
    greys = np.asarray(_shrink_across(column)).reshape(-1, THUMB_SIDE, PHASH_SIDE)
    # a column shrunk downwards would mix what is at the borders of two
    turned = Image.fromarray(np.ascontiguousarray(greys.transpose(0, 2, 1)).reshape(-1, THUMB_SIDE))
    shrunk = np.asarray(_shrink_across(turned)).reshape(-1, PHASH_SIDE, PHASH_SIDE)
    return shrunk.transpose(0, 2, 1)


def _shrink_across(column: Image.Image) -> Image.Image:
    return column.resize((PHASH_SIDE, column.height), Image.Resampling.LANCZOS)


def _pack_bits(low: np.ndarray) -> np.ndarray:
    flat = low.reshape(len(low), FREQUENCIES * FREQUENCIES)
    bits = flat > np.median(flat, axis=1, keepdims=True)
    # the first bit is the highest, as in imagehash's text
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64).reshape(-1)


def pack_hashes(texts: Iterable[str]) -> np.ndarray:
    """Hashes of at most 64 bits, as imagehash writes them, as uint64."""
    return np.array([int(text, 16) for text in texts], dtype=np.uint64)


def pack_looks(looks: Iterable[Look]) -> Looks:
    """Single looks as arrays."""
    looks = list(looks)
    raw = b"".join(base64.b64decode(look.signature) for look in looks)
    return Looks(
        pack_hashes(look.hash for look in looks),
        pack_hashes(look.mirror_hash for look in looks),
        np.frombuffer(raw, np.uint8).reshape(-1, SIGNATURE_SIDE, SIGNATURE_SIDE, 3),
    )


def join_looks(parts: Iterable[Looks]) -> Looks:
    """Looks one after another; of no part, none."""
    every = [pack_looks([]), *parts]
    return Looks(*(np.concatenate([getattr(part, name) for part in every]) for name in FIELDS))


def _text(value: int, kind: str) -> str:
    # colorhash has 42 bits, the others 64
    return f"{int(value):0{11 if kind == 'colorhash' else 16}x}"
