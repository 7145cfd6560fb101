import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from pathlib import Path
from subprocess import PIPE

import pytest

from foodcls.errors import StoreError
from foodcls.store.store import Store
from foodcls.workspace.lock import HOLDER, check_free, holding

HOLD = (
    "import sys, time; from pathlib import Path; from foodcls.workspace.lock import holding\n"
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
        with pytest.raises(StoreError, match=rf"process {holder.pid} on .*--workspace"):
            check_free(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    check_free(tmp_path)
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
    folder = tmp_path / f".record.{holder.pid}.123.part"
    folder.mkdir()
    (folder / "half").touch()
    with holding(tmp_path):
        assert not parts[0].exists() and not folder.exists()
        # still being written
        assert parts[1].exists()
    assert (tmp_path / "table.csv").read_text() == "whole"


def test_after_a_power_cut_what_was_torn_is_set_aside(tmp_path: Path) -> None:
    """The holder's file is of an earlier start of the machine: so are the blobs of that run."""
    store = Store(tmp_path / "store")
    old, torn, whole = (store.put(name) for name in (b"old", b"torn", b"whole"))
    for digest in (old, torn):
        store.path(digest).write_bytes(b"")
    os.utime(store.path(old), (1e9, 1e9))
    (tmp_path / HOLDER).write_text(json.dumps({"pid": 1, "host": "h", "since": "", "boot": "?"}))
    with holding(tmp_path):
        assert store.has(whole) and not store.has(torn)
        # what no run was writing when the light went out is looked at when it is read
        assert store.has(old)


def test_after_a_kill_alone_nothing_is_read_again(tmp_path: Path) -> None:
    with start_holder(tmp_path) as holder:
        holder.kill()
    store = Store(tmp_path / "store")
    digest = store.put(b"soup")
    store.path(digest).write_bytes(b"")
    with holding(tmp_path):
        assert store.has(digest)


def test_of_two_that_start_at_once_one_wins(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from foodcls.workspace.lock import holding\n"
        "from foodcls.errors import BusyError\n"
        "for line in sys.stdin:\n"
        "    try:\n"
        "        with holding(Path(line.strip())):\n"
        "            print('won', flush=True); sys.stdin.readline()\n"
        "    except BusyError as error: print(error, flush=True)\n"
    )
    words = [sys.executable, "-c", program]
    with ExitStack() as stack:
        pair = [
            stack.enter_context(
                subprocess.Popen(words, stdin=PIPE, stdout=PIPE, text=True, bufsize=1)
            )
            for _ in range(2)
        ]
        for number in range(20):
            folder = tmp_path / str(number)
            folder.mkdir()
            for process in pair:
                process.stdin.write(f"{folder}\n")
            said = [process.stdout.readline().strip() for process in pair]
            winner = said.index("won")
            assert "is in use by" in said[1 - winner] and "--workspace" in said[1 - winner]
            pair[winner].stdin.write("leave\n")


def test_the_same_process_may_enter_again(tmp_path: Path) -> None:
    with holding(tmp_path):
        with holding(tmp_path):
            pass
        # leaving the inner block frees nothing
        done = subprocess.run([sys.executable, "-c", HOLD, str(tmp_path)], capture_output=True,
                              text=True, check=False, timeout=30)  # fmt: skip
        assert "is in use by process" in done.stderr


def test_another_thread_of_the_process_is_not_let_in(tmp_path: Path) -> None:
    def enter() -> str:
        try:
            with holding(tmp_path):
                return "in"
        except StoreError as error:
            return str(error)

    with ThreadPoolExecutor(1) as pool:
        with holding(tmp_path):
            assert f"is in use by process {os.getpid()}" in pool.submit(enter).result()
            # what works for who is in, is in
            assert pool.submit(copy_context().run, enter).result() == "in"
            assert (tmp_path / HOLDER).exists()
        assert pool.submit(enter).result() == "in"


def test_another_name_of_the_folder_is_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(tmp_path / "w")
    (tmp_path / "w").mkdir()
    with holding(tmp_path / "w"):
        with holding(tmp_path / "other"):
            pass
        assert (tmp_path / "w" / HOLDER).exists()


def test_the_folder_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), holding(tmp_path):
        raise ZeroDivisionError
    with start_holder(tmp_path) as holder:
        holder.kill()
