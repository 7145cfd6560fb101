"""A question that kills its process loses itself alone; processes end with who asked."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from foodcls.curate.children import Allowance, Children, Lost
from foodcls.errors import StageError, StoreError

SMALL = Allowance(memory=300 << 20, cpu=1, wall=60)


def is_there(pid: int) -> bool:
    try:
        # a zombie has ended too
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while is_there(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not is_there(pid)


@pytest.fixture
def children(hostile):
    with Children(f"{hostile}:do", SMALL, 16) as made:
        yield made


def test_threads_ask_processes_that_stay(children):
    with ThreadPoolExecutor(8) as pool:
        pids = set(pool.map(children.ask, [{"deed": "who"}] * 100))
    assert os.getpid() not in pids and len(pids) <= (os.cpu_count() or 1)


def test_few_questions_start_one_process(hostile):
    with Children(f"{hostile}:do", SMALL, 7) as few, ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(few.ask, [{"deed": "who"}] * 20))) == 1


@pytest.mark.parametrize(
    "deed, reason, words",
    [
        ("segfault", "decoder_crash", "SIGSEGV"),
        ("leave", "decoder_crash", "exit code 3"),
        ("hoard", "decoder_crash", "MemoryError"),
        ("stumble", "decoder_crash", "KeyError: 'gone'"),
        ("loop", "timeout", "1 s of computing"),
    ],
)
def test_what_kills_its_process_is_lost_alone(children, deed, reason, words):
    before = children.ask({"deed": "who"})
    with pytest.raises(Lost, match=words) as caught:
        children.ask({"deed": deed})
    assert caught.value.reason == reason
    # what only stumbled goes on; else another answers, and the first is gone
    after = children.ask({"deed": "who"})
    assert (after == before) == (deed in ("hoard", "stumble")) == is_there(before)


def test_what_waits_for_ever_is_lost(hostile):
    with Children(f"{hostile}:do", replace(SMALL, wall=0.3), 1) as made:
        pid = made.ask({"deed": "who"})
        with pytest.raises(Lost, match="no answer in 0.3 s") as caught:
            made.ask({"deed": "sleep"})
        assert caught.value.reason == "timeout" and not is_there(pid)


def test_a_full_disk_is_no_fault_of_the_data(children):
    with pytest.raises(StoreError, match="disk full; free space"):
        children.ask({"deed": "fill_disk"})


def test_who_needs_much_memory_waits_its_turn_and_the_clock_with_it(hostile):
    allowance = Allowance(memory=300 << 20, cpu=1, wall=0.4)
    with Children(f"{hostile}:wait", allowance, 16) as made, ThreadPoolExecutor(4) as pool:
        spans = sorted(pool.map(made.ask, [{"seconds": 0.25}] * 4))
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))


def test_what_cannot_start_is_said(hostile):
    named = pytest.raises(StageError, match="No module named 'no_such_module'")
    with Children("no_such_module:run", SMALL, 1) as made, named:
        made.ask({})


def test_processes_end_with_the_block(hostile):
    with Children(f"{hostile}:do", SMALL, 16) as made, ThreadPoolExecutor(4) as pool:
        pids = set(pool.map(made.ask, [{"deed": "who"}] * 20))
    assert pids and not any(map(is_there, pids))


@pytest.mark.parametrize("deed", ["who", "loop"], ids=["idle", "busy"])
def test_a_killed_run_leaves_no_process(hostile, tmp_path, deed):
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from foodcls.curate.children import Allowance, Children\n"
        f"made = Children('{hostile}:do', Allowance(memory=10**9, cpu=1), 1)\n"
        "print(made.ask({'deed': 'who'}), flush=True)\n"
        f"made.ask({{'deed': '{deed}'}})\n"
        "input()"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with run:
        pid = int(run.stdout.readline())
        assert is_there(pid)
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert wait_until_gone(pid, 10)
