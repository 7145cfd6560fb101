"""What a form of a model took is its own, not that of the process that started it."""

import subprocess
import sys

CHILD = "from foodcls.export.benchmark_worker import _peak_memory; print(_peak_memory())"


def test_memory_of_the_starting_process_is_not_counted() -> None:
    ballast = bytearray(600_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])
    told = subprocess.check_output([sys.executable, "-c", CHILD], text=True)
    assert 5 < float(told) < 500
