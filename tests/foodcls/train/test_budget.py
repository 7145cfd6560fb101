import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from foodcls.errors import TrainingError
from foodcls.train.budget import Budget, explain_out_of_memory, start_budget


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


def held_bytes() -> int:
    """Memory of its own; pages of files, which a short machine takes back at will, not counted."""
    (kilobytes,) = re.findall(r"^RssAnon:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    return int(kilobytes) * 1024


def check_shortage() -> None:
    limit = held_bytes() + 10**9 + int(Path("/proc/self/statm").read_text().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with explain_out_of_memory(20):
        torch.ones(10**9)


def test_too_little_memory_is_an_error_that_says_what_to_do() -> None:
    words = [sys.executable, __file__]
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
    check_shortage()
