"""Turns a picture into its fingerprint: a perceptual hash, its mirror image's, and a thumbnail."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import imagehash
import numpy as np
import scipy.fft
from PIL import Image, ImageOps

# a fingerprint is taken from a draft of this side: a full picture is read once
DRAFT_SIDE = 64  # pixels
THUMBNAIL_SIDE = 32  # pixels: fine enough to lay a picture over a window of another
PHASH_SIDE = 32  # pixels of a picture that is hashed; imagehash's phash shrinks to it
FREQUENCIES = 8  # lowest ones a side that phash keeps: 64 bits
TABLE_KIND = "phash"  # of the manifest's columns
HASHES: dict[str, Callable[[Image.Image], imagehash.ImageHash]] = {
    "phash": imagehash.phash,
    "phash_simple": imagehash.phash_simple,
    "dhash": imagehash.dhash,
    "average_hash": imagehash.average_hash,
    "whash": imagehash.whash,
    "colorhash": imagehash.colorhash,
}


@dataclass(frozen=True)
class Fingerprint:
    """Hashes as imagehash writes them, and the thumbnail that confirms a match of hashes."""

    hash: str
    mirror_hash: str
    thumbnail: str  # base64 of a 32x32 RGB thumbnail


class Columns:
    """What has arrays of shape (n, ...) as its fields."""

    def pick(self, chosen: np.ndarray | slice) -> Self:
        """What all its arrays have at these places, as another of its class."""
        return type(self)(*(values[chosen] for values in vars(self).values()))


@dataclass(frozen=True)
class Fingerprints(Columns):
    """Fingerprints of n pictures; 3 KiB each."""

    hashes: np.ndarray  # uint64 of shape (n,): `a ^ b` has a bit for each that differs
    mirrors: np.ndarray  # the same of the mirror images
    thumbnails: np.ndarray  # uint8 of shape (n, 32, 32, 3)

    def __len__(self) -> int:
        return len(self.hashes)


def fingerprint(image: Image.Image, kind: str) -> Fingerprint:
    """All that `dedup` compares of an upright RGB picture; `kind` is a key of HASHES."""
    prints = fingerprint_drafts([make_draft(image)], kind)
    return Fingerprint(
        hash=_text(prints.hashes[0], kind),
        mirror_hash=_text(prints.mirrors[0], kind),
        thumbnail=base64.b64encode(prints.thumbnails[0].tobytes()).decode(),
    )


def make_draft(image: Image.Image, size: tuple[int, int] | None = None) -> Image.Image:
    """A 64x64 RGB draft, whatever the proportions; a mirror image's is the mirrored one.

    `size` is the picture's own where `image` holds it at a half, a fourth or an eighth, as a JPEG
    decoder hands it out. Shrunk in two steps, the first by a power of two: the decoder may do
    that one, and both together take a fifth of the time of one step.
    """
    width, height = size or image.size
    done = round(width / image.width)
    factor = 1 << (max(1, min(width, height) // DRAFT_SIDE).bit_length() - 1)
    small = image.reduce(max(1, factor // done))
    factor = max(factor, done)
    # the last column may stand for less than a whole one
    box = (0, 0, min(small.width, width / factor), min(small.height, height / factor))
    return small.resize((DRAFT_SIDE, DRAFT_SIDE), Image.Resampling.HAMMING, box)


def fingerprint_drafts(drafts: list[Image.Image], kind: str) -> Fingerprints:
    """Fingerprints of drafts that `make_draft` made; of no draft, none."""
    if not drafts:
        return pack_fingerprints([])
    # one below the other in one picture: what is small costs Pillow more to call than to compute
    column = Image.new("RGB", (DRAFT_SIDE, DRAFT_SIDE * len(drafts)))
    for place, draft in enumerate(drafts):
        column.paste(draft, (0, DRAFT_SIDE * place))
    shape = (len(drafts), THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)
    thumbnails = np.asarray(column.reduce(DRAFT_SIDE // THUMBNAIL_SIDE)).reshape(shape)
    if kind == "phash":
        return Fingerprints(*hash_grays(_shrink_column(column.convert("L"))), thumbnails)
    hashes = pack_hashes(str(HASHES[kind](draft)) for draft in drafts)
    mirrors = pack_hashes(str(HASHES[kind](ImageOps.mirror(draft))) for draft in drafts)
    return Fingerprints(hashes, mirrors, thumbnails)


def hash_grays(grays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Perceptual hashes of pictures and of their mirror images, two uint64 of shape (n,).

    `grays` is uint8 of shape (n, 32, 32). A mirror image has the same frequencies, the odd ones
    across with the other sign: no picture is mirrored. Bit by bit those of imagehash.phash.
    """
    # as imagehash: float64, down before across
    down = scipy.fft.dct(grays.astype(np.float64), axis=1)[:, :FREQUENCIES]
    low = scipy.fft.dct(down, axis=2)[:, :, :FREQUENCIES]
    return _pack_bits(low), _pack_bits(low * (-1.0) ** np.arange(FREQUENCIES))


def _shrink_column(column: Image.Image) -> np.ndarray:
    """A column of n gray drafts as uint8 of shape (n, 32, 32), each shrunk as if it were alone."""
    grays = np.asarray(_shrink_across(column)).reshape(-1, DRAFT_SIDE, PHASH_SIDE)
    # a column shrunk downwards would mix what is at the borders of two
    turned = Image.fromarray(np.ascontiguousarray(grays.transpose(0, 2, 1)).reshape(-1, DRAFT_SIDE))
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
    """Hashes of at most 64 bits, as imagehash writes them, as uint64 of shape (n,)."""
    return np.array([int(text, 16) for text in texts], dtype=np.uint64)


def pack_fingerprints(single: Iterable[Fingerprint]) -> Fingerprints:
    """Single fingerprints as arrays."""
    prints = list(single)
    raw = b"".join(base64.b64decode(one.thumbnail) for one in prints)
    return Fingerprints(
        pack_hashes(one.hash for one in prints),
        pack_hashes(one.mirror_hash for one in prints),
        np.frombuffer(raw, np.uint8).reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3),
    )


def join_fingerprints(parts: Iterable[Fingerprints]) -> Fingerprints:
    """Fingerprints one after another; of no part, none."""
    every = list(parts)
    return fill_fingerprints(every, sum(map(len, every)))


def fill_fingerprints(parts: Iterable[Fingerprints], count: int) -> Fingerprints:
    """Join parts that come one by one, `count` fingerprints in all, and hold none twice."""
    side = THUMBNAIL_SIDE
    whole = Fingerprints(
        np.empty(count, np.uint64),
        np.empty(count, np.uint64),
        np.empty((count, side, side, 3), np.uint8),
    )
    start = 0
    for part in parts:
        for column, values in zip(vars(whole).values(), vars(part).values(), strict=True):
            column[start : start + len(part)] = values
        start += len(part)
    return whole


def _text(value: int, kind: str) -> str:
    # colorhash has 42 bits, the others 64
    return f"{int(value):0{11 if kind == 'colorhash' else 16}x}"
