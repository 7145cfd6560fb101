"""Lets the C library reuse freed memory, instead of handing it to the system and asking anew.

What the system gives anew are empty pages, each of which costs a page fault. A process that does
nothing else, as a server or a worker, calls `keep_freed_memory` once. Work within a process that
goes on with other things stands in `with retain_freed_memory()`, which keeps all and gives it back
in the end.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

# of malloc.h in glibc; other libraries know nothing of them and are left as they are
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
NEVER, USUAL_TRIM, USUAL_MMAPS = 2**31 - 1, 128 * 1024, 65_536
# bytes: where glibc itself ends up, in a process that has freed one such block
LARGEST_BLOCK, MOST_KEPT = 32 * 2**20, 64 * 2**20

LOCK = RLock()  # the garbage collector may end a block while another begins in its thread
INSIDE: list[None] = []  # one for each `retain_freed_memory` that has not ended


def keep_freed_memory() -> None:
    """Keep up to 64 MiB of what this process frees for what it takes next, until it ends.

    Who decodes or predicts picture after picture frees and takes the same blocks. Given back, they
    come again as empty pages: 800 of them, for a photo of 640 x 480, took half of the time of
    decoding it.
    """
    libc: Any = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK)
        libc.mallopt(M_TRIM_THRESHOLD, MOST_KEPT)


@contextmanager
def retain_freed_memory() -> Iterator[None]:
    """Keep all that this process frees in the block, and give it back at the end of the block.

    Each step frees and takes the same large blocks. Given back, they come again as empty pages,
    and filling 37 MB of these took 27 ms where the sums in them took 10. Of several blocks, one in
    another or in several threads, the last to end gives back.
    """
    libc: Any = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):
        yield
        return
    with LOCK:
        INSIDE.append(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, NEVER)
    try:
        yield
    finally:
        with LOCK:
            INSIDE.pop()
            if not INSIDE:
                libc.mallopt(M_MMAP_MAX, USUAL_MMAPS)
                libc.mallopt(M_TRIM_THRESHOLD, USUAL_TRIM)
                libc.malloc_trim(0)
