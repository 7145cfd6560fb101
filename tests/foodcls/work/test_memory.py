import ctypes
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from foodcls.work.memory import retain_freed_memory

BLOCK = 10_000_000  # numbers of four bytes
HAS_MALLOPT = hasattr(ctypes.CDLL(None), "mallopt")


def fresh_pages() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def held_bytes() -> int:
    """Memory of its own; pages of files, which a short machine takes back at will, not counted."""
    (kilobytes,) = re.findall(r"^RssAnon:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    return int(kilobytes) * 1024


def pages_of_ten_blocks() -> int:
    # until the heap has found its shape
    for _ in range(10):
        torch.ones(BLOCK)
    before = fresh_pages()
    for _ in range(10):
        torch.ones(BLOCK)
    return fresh_pages() - before


def check_freed() -> None:
    outside, held = pages_of_ten_blocks(), held_bytes()
    with retain_freed_memory():
        # one that ends within it, or in another thread meanwhile, gives nothing back
        with retain_freed_memory():
            pass
        inside, kept = pages_of_ten_blocks(), held_bytes()
    assert inside < outside / 5, f"{inside} fresh pages inside, {outside} outside"
    assert kept > held + BLOCK * 3.8, f"of {kept - held} bytes that were kept some went back"
    assert held_bytes() < held + BLOCK * 2, f"{held_bytes() - held} bytes did not go back"


@pytest.mark.skipif(not HAS_MALLOPT, reason="this C library has no mallopt")
def test_freed_blocks_come_again_without_fresh_pages_and_go_back_at_the_end() -> None:
    # in a process of its own: the heap of this one has a history
    subprocess.run([sys.executable, __file__], check=True, cwd=Path.cwd())


if __name__ == "__main__":
    check_freed()
