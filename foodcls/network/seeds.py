"""Seeds torch's random generator for the length of a block, and leaves it as it was."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# the generator belongs to the whole process: two trainings in two threads would mix their numbers
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def seeded(*seed: int | str) -> Iterator[None]:
    """Make what is drawn inside depend on `seed` alone; nothing leaks out of the block."""
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive_seed(*seed))
        yield


def derive_seed(*parts: int | str) -> int:
    """A seed of 63 bits for this combination, unlike that of any other combination."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
