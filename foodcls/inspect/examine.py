"""Turns a hostile picture's bytes into all facts that need its pixels; runs confined."""

from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from foodcls.image.decode import BadPicture, decode, png_bytes
from foodcls.image.hashes import look_at
from foodcls.image.quality import measure

# how `children` names it
EXAMINE = "foodcls.inspect.examine:examine"


def examine(question: dict[str, Any], gate: AbstractContextManager[object]) -> dict[str, Any]:
    """Decode one picture: its `fact` for inspect and, of a sound one, its `look` and `measures`.

    `question` has the `data`, `max_pixels`, `min_side` and `hash_kind`. The `data` of the answer
    are the pixels as PNG, where the picture is not plain RGB. No place is named: who breaks out of
    a decoder here knows of no store.
    """
    try:
        picture = decode(
            question.get("data", b""), question["max_pixels"], question["min_side"], gate
        )
    except BadPicture as bad:
        return {"fact": {"reason": bad.reason, "detail": bad.detail}}
    look = look_at(picture.image, question["hash_kind"])
    fact = {
        "format": picture.format,
        "width": picture.image.width,
        "height": picture.image.height,
        "hash": look.hash,
        "mirror_hash": look.mirror_hash,
    }
    told = {"fact": fact, "look": asdict(look), "measures": asdict(measure(picture.image))}
    return told if picture.is_plain else told | {"data": png_bytes(picture.image)}
