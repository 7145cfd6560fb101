"""Decodes a stranger's picture in the sandbox: a process that may die of it."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foodcls.image.decode import BadPicture, decode
from foodcls.inspect.sandbox import CRASH, WorkerPool
from foodcls.inspect.sandbox_worker import Gate, Message

# as the sandbox's worker is told it; it imports this module, which is to import nothing slow
FIND_PIXELS = "foodcls.serve.decoder:find_pixels"
# of computing for a picture; a minute and more, as a run may take for AVIF, nobody waits for here
CPU_SECONDS = 15


def stranger_pool(seconds: float) -> WorkerPool:
    """Processes for `decode_apart`, in which a picture may take `seconds` by the clock."""
    # the sandbox's worker needs nothing of these
    from foodcls.inspect.inspect import resource_limits
    from foodcls.recipe.data_settings import Inspect

    limits = replace(resource_limits(Inspect()), cpu=CPU_SECONDS, wall=seconds)
    return WorkerPool(FIND_PIXELS, limits)


def decode_apart(pool: WorkerPool, data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    """A picture file's pixels, (H, W, 3), upright RGB on white; BadPicture when there are none.

    They are the pixels that `predict` sees.
    """
    told = pool.ask({"data": data, "max_pixels": max_pixels})
    try:
        if "reason" in told:
            raise BadPicture(told["reason"], told["detail"])
        return np.frombuffer(told["data"], np.uint8).reshape(told["height"], told["width"], 3)
    # a picture that has taken its decoder over may answer anything
    except (KeyError, TypeError, ValueError) as error:
        raise BadPicture(CRASH, "an answer of another kind") from error


def find_pixels(request: Message, gate: Gate) -> dict[str, Any]:
    """In the sandbox: size and pixels of the `data`, or the reason why there are none."""
    try:
        image = decode(request.get("data", b""), request["max_pixels"], gate=gate).image
    except BadPicture as bad:
        return {"reason": bad.reason, "detail": bad.detail}
    return {"width": image.width, "height": image.height, "data": image.tobytes()}
