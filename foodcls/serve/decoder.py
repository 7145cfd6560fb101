"""Decodes a stranger's picture in the sandbox: a process that may die of it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foodcls.image.decode import BadPicture, decode
from foodcls.inspect.sandbox import WorkerPool
from foodcls.inspect.sandbox_worker import Gate, Message

# as the sandbox's worker is told it; it imports this module, which is to import nothing slow
FIND_PIXELS = "foodcls.serve.decoder:find_pixels"


def decode_apart(pool: WorkerPool, data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    """A picture file's pixels, (H, W, 3), upright RGB on white; BadPicture when there are none.

    They are the pixels that `predict` sees. `pool` is one for FIND_PIXELS.
    """
    told = pool.ask({"data": data, "max_pixels": max_pixels})
    if "reason" in told:
        raise BadPicture(told["reason"], told["detail"])
    return np.frombuffer(told["data"], np.uint8).reshape(told["height"], told["width"], 3)


def find_pixels(request: Message, gate: Gate) -> dict[str, Any]:
    """In the sandbox: size and pixels of the `data`, or the reason why there are none."""
    try:
        image = decode(request.get("data", b""), request["max_pixels"], gate=gate).image
    except BadPicture as bad:
        return {"reason": bad.reason, "detail": bad.detail}
    return {"width": image.width, "height": image.height, "data": image.tobytes()}
