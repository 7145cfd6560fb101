"""A question that kills its process loses itself alone; processes end with who asked."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from foodcls.errors import StageError
from foodcls.inspect.sandbox import ResourceLimits, WorkerDied, WorkerPool, get_pool

SMALL = ResourceLimits(memory=300 << 20, cpu=1, wall=60)


def is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # a zombie has ended too, once its threads have
        return state[0] != "Z" or int(state[17]) > 1
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while is_there(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not is_there(pid)


@contextmanager
def ending(function, limits=SMALL):
    made = WorkerPool(function, limits)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def workers(hostile):
    with ending(f"{hostile}:do") as made:
        yield made


def test_threads_ask_processes_that_stay(workers):
    with ThreadPoolExecutor(8) as pool:
        pids = set(pool.map(workers.ask, [{"deed": "who"}] * 100))
    assert os.getpid() not in pids and len(pids) <= (os.cpu_count() or 1)


def test_one_who_asks_starts_one_process(workers):
    assert len({workers.ask({"deed": "who"}) for _ in range(20)}) == 1


def test_bytes_travel_as_they_are(hostile):
    data = bytes(range(256)) * 5000
    with ending(f"{hostile}:echo") as made:
        assert made.ask({"data": data}) == {"length": len(data), "data": data[::-1]}
        assert made.ask({}) == {"length": 0}


def test_a_process_has_its_own_children_and_keeps_them(hostile):
    hired = get_pool(f"{hostile}:do", SMALL)
    pid = hired.ask({"deed": "who"})
    assert get_pool(f"{hostile}:do", SMALL).ask({"deed": "who"}) == pid
    hired.end()
    assert wait_until_gone(pid, 10)


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
def test_what_kills_its_process_is_lost_alone(workers, deed, reason, words):
    before = workers.ask({"deed": "who"})
    with pytest.raises(WorkerDied, match=words) as caught:
        workers.ask({"deed": deed})
    assert caught.value.reason == reason
    # what only stumbled goes on; else another answers, and the first is gone
    after = workers.ask({"deed": "who"})
    assert (after == before) == (deed in ("hoard", "stumble")) == is_there(before)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="no such C library")
def test_what_a_picture_frees_the_next_takes_without_fresh_pages(workers):
    workers.ask({"deed": "pages"})
    before = workers.ask({"deed": "pages"})
    # 20 times 9 MB are 43,945 pages
    assert workers.ask({"deed": "pages"}) - before < 1000


def test_what_ends_an_idle_process_is_no_fault_of_the_next_request(workers):
    pid = workers.ask({"deed": "who"})
    os.kill(pid, signal.SIGKILL)
    assert wait_until_gone(pid, 10)
    assert workers.ask({"deed": "who"}) != pid


def test_what_ends_a_process_before_it_begins_is_no_fault_of_the_request(workers):
    pid = workers.ask({"deed": "who"})
    # it is there, and takes nothing any more
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(workers.ask, {"deed": "who"})
        time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        assert answer.result(30) not in (None, pid)


def test_an_answer_is_as_long_as_its_process_had_memory_for(hostile):
    died = pytest.raises(WorkerDied, match="ended by exit code 0")
    with ending(f"{hostile}:do") as made, died as caught:
        made.ask({"deed": "boast"})
    # not read and waited for, for as long as memory lasts
    assert "bad message length" in str(caught.value.__cause__)


def test_what_waits_for_ever_is_lost(hostile):
    with ending(f"{hostile}:do", replace(SMALL, wall=0.3)) as made:
        pid = made.ask({"deed": "who"})
        with pytest.raises(WorkerDied, match="no answer in 0.3 s") as caught:
            made.ask({"deed": "sleep"})
        assert caught.value.reason == "timeout" and not is_there(pid)


def test_what_ends_in_the_middle_of_an_answer_or_a_request_is_lost(hostile):
    with ending(f"{hostile}:do", replace(SMALL, wall=0.3)) as made:
        for deed, data in (("trickle", b""), ("go_deaf", bytes(1 << 20))):
            made.ask({"deed": "who"}) if deed == "trickle" else made.ask({"deed": deed})
            with pytest.raises(WorkerDied, match="no answer in 0.3 s") as caught:
                made.ask({"deed": deed, "data": data})
            assert caught.value.reason == "timeout"


ODD = [
    '{"stopped": "the disk is full"}', "[" * 10**5, "[]", "7", '"value"', '["value"]', "{}",
    '{"value": 1}\nbytes', "[[]]", "\xff",
]  # fmt: skip


@pytest.mark.parametrize("words", ODD, ids=range(len(ODD)))
def test_an_answer_of_another_kind_is_one_lost_picture(hostile, words):
    with ending(f"{hostile}:claim") as made, pytest.raises(WorkerDied) as caught:
        made.ask({"words": words})
    assert caught.value.reason == "decoder_crash"


def test_who_needs_much_memory_waits_its_turn_and_the_clock_with_it(hostile):
    limits = ResourceLimits(memory=300 << 20, cpu=1, wall=0.4)
    with ending(f"{hostile}:wait", limits) as made, ThreadPoolExecutor(4) as pool:
        spans = sorted(pool.map(made.ask, [{"seconds": 0.25}] * 4))
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))


def test_what_asks_for_memory_without_end_is_lost(hostile):
    # what was taken over may lift its own limit of computing
    limits = ResourceLimits(memory=300 << 20, cpu=100)
    with ending(f"{hostile}:beg", limits) as made, pytest.raises(WorkerDied) as caught:
        made.ask({})
    assert caught.value.reason == "decoder_crash"


def test_what_cannot_start_is_said(hostile):
    named = pytest.raises(StageError, match="No module named 'no_such_module'")
    with ending("no_such_module:run") as made, named:
        made.ask({})


def test_where_no_process_is_to_be_had_it_is_said(workers, monkeypatch):
    monkeypatch.setattr("foodcls.inspect.sandbox.sys.executable", "/no/such/program")
    with pytest.raises(StageError, match="does not start: .*No such file.*free memory"):
        workers.ask({"deed": "who"})


def test_processes_end_when_they_are_to(hostile):
    with ending(f"{hostile}:do") as made, ThreadPoolExecutor(4) as pool:
        pids = set(pool.map(made.ask, [{"deed": "who"}] * 20))
    assert pids and not any(map(is_there, pids))


@pytest.mark.parametrize("deed", ["who", "loop"], ids=["idle", "busy"])
def test_a_killed_run_leaves_no_process(hostile, tmp_path, deed):
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from foodcls.inspect.sandbox import ResourceLimits, WorkerPool\n"
        f"made = WorkerPool('{hostile}:do', ResourceLimits(memory=10**9, cpu=1))\n"
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
