"""Turns a picture into what tells whether another shows the same: hashes and a tiny thumbnail."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import imagehash
import numpy as np
from PIL import Image, ImageOps

from foodcls.curate.decode import load_picture
from foodcls.curate.memo import remembered
from foodcls.progress import silent
from foodcls.store import Store, digest_json

VERSION = 1
SIGNATURE_SIDE = 32  # pixels: fine enough to lay a picture over a window of another

# colorhash and whash cost time and memory by the pixel, and gain nothing beyond this side
SMALL_SIDE = 512
# imagehash's phash shrinks pictures to this side, and leaves alone what has it
PHASH_SIDE = 32

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
    """How a picture looks: hashes as imagehash writes them, and what confirms a hit."""

    hash: str
    mirror_hash: str
    pixels: str  # digest of the upright RGB pixels
    signature: str  # base64 of a 32x32 RGB thumbnail


def look_at(image: Image.Image, kind: str) -> Look:
    """Compute all that `dedup` compares, of an upright RGB picture; `kind` is a key of HASHES."""
    hashed = image
    if kind in ("colorhash", "whash"):
        hashed = image.copy()
        hashed.thumbnail((SMALL_SIDE, SMALL_SIDE))
    if kind != "colorhash":
        hashed = hashed.convert("L")
    if kind == "phash":
        # shrunk once: a mirrored picture shrinks to the mirrored small one, bit by bit
        hashed = hashed.resize((PHASH_SIDE, PHASH_SIDE), Image.Resampling.LANCZOS)
    return Look(
        hash=str(HASHES[kind](hashed)),
        mirror_hash=str(HASHES[kind](ImageOps.mirror(hashed))),
        pixels=pixel_digest(image),
        signature=base64.b64encode(signature_of(image).tobytes()).decode(),
    )


def pixel_digest(image: Image.Image) -> str:
    """SHA-256 of size and pixels: equal for the same picture in another lossless file."""
    digest = hashlib.sha256(f"{image.width}x{image.height}:".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def signature_of(image: Image.Image) -> np.ndarray:
    """A 32x32 RGB thumbnail, uint8 of shape (32, 32, 3), whatever the picture's proportions."""
    side = SIGNATURE_SIDE
    return np.asarray(image.resize((side, side), Image.Resampling.BOX))


def read_signatures(looks: Iterable[Look]) -> np.ndarray:
    """Signatures as uint8 of shape (n, 32, 32, 3)."""
    raw = b"".join(base64.b64decode(look.signature) for look in looks)
    return np.frombuffer(raw, np.uint8).reshape(-1, SIGNATURE_SIDE, SIGNATURE_SIDE, 3)


def pack_hashes(texts: Iterable[str]) -> np.ndarray:
    """Hashes of at most 64 bits as uint64: `a ^ b` has a bit for each that differs."""
    return np.array([int(text, 16) for text in texts], dtype=np.uint64)


def remember_looks(store: Store, looks: Mapping[str, Look], kind: str) -> None:
    """Keep looks by the picture's id, for `recall_looks`."""
    store.remember("look", {_key(digest, kind): vars(look) for digest, look in looks.items()})


def recall_looks(store: Store, pictures: Mapping[str, str], kind: str) -> dict[str, Look]:
    """Looks by the picture's id; those not remembered are computed from its blob.

    `pictures` maps ids to the blobs that hold the upright pictures.
    """
    keys = {digest: _key(digest, kind) for digest in pictures}
    found = remembered(
        store,
        "look",
        {keys[digest]: blob for digest, blob in pictures.items()},
        lambda blob: vars(look_at(load_picture(store.read(blob)), kind)),
        silent,
    )
    return {digest: Look(**found[key]) for digest, key in keys.items()}


def _key(digest: str, kind: str) -> str:
    return digest_json([VERSION, digest, kind])
