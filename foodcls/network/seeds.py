"""Seeds torch's random generator inside a block, and derives seeds from names and numbers."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# the generator belongs to the whole process: two trainings in two threads would mix their numbers
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def seeded(*seed: int | str) -> Iterator[None]:
    """Seed torch by all of `seed` in the block, and restore the generator's state after it."""
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive_seed(*seed))
        yield


def derive_seed(*parts: int | str) -> int:
    """A seed of 63 bits: a hash of the parts, another for each combination of them."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
