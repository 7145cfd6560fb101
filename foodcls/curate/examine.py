"""Turns a hostile picture in the store into all facts that need its pixels; runs confined."""

from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from foodcls.curate.decode import BadPicture, Picture, decode, png_bytes
from foodcls.curate.hashes import look_at
from foodcls.curate.measures import measure
from foodcls.store import Store

# how `children` names it
EXAMINE = "foodcls.curate.examine:examine"


def examine(question: dict[str, Any], gate: AbstractContextManager[object]) -> dict[str, Any]:
    """Decode one picture: its `fact` for inspect and, of a sound one, its `look` and `measures`.

    `question` has the `store`, the `digest`, `max_pixels`, `min_side` and `hash_kind`. What is
    not plain RGB is written to the store once more, as PNG.
    """
    store = _open_store(question["store"])
    data = store.read(question["digest"])
    try:
        picture = decode(data, question["max_pixels"], question["min_side"], gate)
    except BadPicture as bad:
        return {"fact": {"reason": bad.reason, "detail": bad.detail}}
    look = look_at(picture.image, question["hash_kind"])
    fact = {
        "format": picture.format,
        "width": picture.image.width,
        "height": picture.image.height,
        "hash": look.hash,
        "mirror_hash": look.mirror_hash,
        "picture": _readable(question["digest"], picture, store),
    }
    return {"fact": fact, "look": asdict(look), "measures": asdict(measure(picture.image))}


@lru_cache(maxsize=1)
def _open_store(root: str) -> Store:
    # opening one takes 2 ms, a picture 6
    return Store(Path(root))


def _readable(digest: str, picture: Picture, store: Store) -> str:
    """The blob to read from now on: the file itself, or a PNG where its pixels had to change."""
    return digest if picture.is_plain else store.put(png_bytes(picture.image))
