import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from foodcls.errors import StoreError
from foodcls.lock import HOLDER, holding

HOLD = (
    "import sys, time; from pathlib import Path; from foodcls.lock import holding\n"
    "with holding(Path(sys.argv[1])):\n    print('in', flush=True); time.sleep(60)"
)


def start_holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stdout.readline() == "in\n"
    return process


def test_a_second_process_is_told_who_is_in_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    with start_holder(tmp_path) as holder:
        told = pytest.raises(StoreError, match=rf"process {holder.pid} on .*--workspace")
        with told, holding(tmp_path):
            raise AssertionError("two are in")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with holding(tmp_path):
        assert str(os.getpid()) in (tmp_path / HOLDER).read_text()
    assert not (tmp_path / HOLDER).exists()


def test_what_a_killed_process_was_writing_is_removed(tmp_path: Path) -> None:
    with start_holder(tmp_path) as holder:
        holder.kill()
    parts = [tmp_path / f".table.csv.{pid}.123.part" for pid in (holder.pid, os.getpid())]
    for part in parts:
        part.write_text("half")
    (tmp_path / "table.csv").write_text("whole")
    with holding(tmp_path):
        assert not parts[0].exists()
        # still being written
        assert parts[1].exists()
    assert (tmp_path / "table.csv").read_text() == "whole"


def test_the_same_process_may_enter_again(tmp_path: Path) -> None:
    with holding(tmp_path):
        with holding(tmp_path):
            pass
        # leaving the inner block frees nothing
        done = subprocess.run([sys.executable, "-c", HOLD, str(tmp_path)], capture_output=True,
                              text=True, check=False, timeout=30)  # fmt: skip
        assert "is in use by process" in done.stderr


def test_the_folder_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), holding(tmp_path):
        raise ZeroDivisionError
    with start_holder(tmp_path) as holder:
        holder.kill()
