import ctypes
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from foodcls.errors import TrainingError
from foodcls.train.budget import Budget, explain_out_of_memory, retain_freed_memory, start_budget


def test_minutes_count_from_the_start_and_with_what_was_spent_before() -> None:
    now = [100.0]
    budget = start_budget(0.5, lambda: now[0])
    now[0] = 129.0
    assert not budget.is_over()
    assert budget.less(2).is_over()
    now[0] = 130.0
    assert budget.is_over()


def test_without_minutes_it_never_ends() -> None:
    assert not start_budget(None, lambda: 1e300).is_over()
    assert isinstance(start_budget(None), Budget)


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
        inside, kept = pages_of_ten_blocks(), held_bytes()
    assert inside < outside / 5, f"{inside} fresh pages inside, {outside} outside"
    assert kept > held + BLOCK * 3.8, f"of {kept - held} bytes that were kept some went back"
    assert held_bytes() < held + BLOCK * 2, f"{held_bytes() - held} bytes did not go back"


@pytest.mark.skipif(not HAS_MALLOPT, reason="this C library has no mallopt")
def test_freed_blocks_come_again_without_fresh_pages_and_go_back_at_the_end() -> None:
    # in a process of its own: the heap of this one has a history
    subprocess.run([sys.executable, __file__, "freed"], check=True, cwd=Path.cwd())


def check_shortage() -> None:
    limit = held_bytes() + 10**9 + int(Path("/proc/self/statm").read_text().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with explain_out_of_memory(20):
        torch.ones(10**9)


def test_too_little_memory_is_an_error_that_says_what_to_do() -> None:
    words = [sys.executable, __file__, "shortage"]
    ended = subprocess.run(words, capture_output=True, text=True, cwd=Path.cwd(), timeout=60)
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("foodcls.errors.TrainingError: out of memory at batch_size 20")
    assert "halve train.batch_size" in last


def test_a_shortage_that_says_nothing_is_told_all_the_same() -> None:
    with (
        pytest.raises(TrainingError, match="batch_size 20: MemoryError; halve"),
        explain_out_of_memory(20),
    ):
        raise MemoryError


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="size mismatch"), explain_out_of_memory(20):
        raise RuntimeError("size mismatch")


if __name__ == "__main__":
    {"freed": check_freed, "shortage": check_shortage}[sys.argv[1]]()
