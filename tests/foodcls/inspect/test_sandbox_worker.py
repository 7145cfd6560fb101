"""The process answers in JSON, within the limits it was told, and says nothing else."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from multiprocessing import Pipe
from pathlib import Path

import pytest

from foodcls.image.decode import load_picture
from foodcls.image.hashes import fingerprint
from foodcls.image.quality import measure
from foodcls.inspect.sandbox import START
from foodcls.inspect.sandbox_worker import READY, WAITING, examine

MEMORY = 200 << 20


@pytest.fixture
def line(hostile, tmp_path):
    """Starts a process; gives the line to it, and itself."""

    @contextmanager
    def start(function):
        requests, ours = Pipe(duplex=False)
        answers, theirs = Pipe(duplex=False)
        with requests, ours, answers, theirs, (tmp_path / "said").open("wb") as log:
            handles = (requests.fileno(), theirs.fileno())
            process = subprocess.Popen(
                [sys.executable, "-c", START, json.dumps(sys.path), *map(str, handles)]
                + [f"{hostile}:{function}", "5", str(MEMORY)],
                pass_fds=handles,
                stderr=log,
            )
            requests.close()
            theirs.close()
            try:
                assert json.loads(answers.recv_bytes()) == READY
                yield (ours, answers), process
            finally:
                process.kill()
                process.wait()

    return start


def ask(line, **question):
    requests, answers = line
    requests.send_bytes(json.dumps(question).encode())
    return json.loads(answers.recv_bytes())


def test_limits_are_as_told(line):
    with line("do") as (ours, process):
        found = ask(ours, deed="limits")["value"]
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[0])
        assert found["CORE"] == 0 and 5 <= found["CPU"] <= 7
        assert MEMORY < found["AS"] <= pages * os.sysconf("SC_PAGESIZE") + MEMORY


def test_faults_are_answers(line):
    with line("do") as (ours, process):
        assert ask(ours, deed="stumble") == {"failed": "KeyError: 'gone'"}
        assert ask(ours, deed="who") == {"value": process.pid}


def test_leave_is_asked_for(line):
    with line("wait") as (ours, _):
        assert ask(ours, seconds=0) == WAITING
        requests, answers = ours
        assert not answers.poll(0.1)
        requests.send_bytes(b"go on")
        assert len(json.loads(answers.recv_bytes())["value"]) == 2


def test_ctrl_c_is_for_who_asks(line):
    with line("do") as (ours, process):
        process.send_signal(signal.SIGINT)
        assert ask(ours, deed="who") == {"value": process.pid}


def test_codecs_do_not_print(line, tmp_path):
    with line("do") as (ours, _):
        ask(ours, deed="say")
    assert (tmp_path / "said").read_bytes() == b""


def test_it_ends_with_the_line(line):
    with line("do") as (ours, process):
        requests, _ = ours
        requests.close()
        assert process.wait(5) == 0


def examined(data):
    question = {"max_pixels": 10**6, "min_side": 32, "hash_kind": "phash", "data": data}
    return examine(question, nullcontext())


def test_a_sound_picture_tells_all_and_stays_as_it_is(noise, encode):
    data = encode(noise(1), "JPEG")
    image = load_picture(data)
    found = examined(data)
    assert found["fingerprint"] == asdict(fingerprint(image, "phash"))
    assert found["measures"] == asdict(measure(image))
    assert (found["fact"]["width"], found["fact"]["height"]) == (96, 64)
    assert "data" not in found


def test_another_comes_as_png(noise, encode):
    found = examined(encode(noise(1).convert("CMYK"), "JPEG"))
    assert found["fact"]["format"] == "JPEG"
    assert found["data"].startswith(b"\x89PNG")


def test_a_bad_one_has_its_reason_alone():
    assert examined(b"<html>")["fact"]["reason"] == "not_an_image"
    assert list(examined(b"<html>")) == ["fact"]
    assert examined(b"")["fact"]["reason"] == "not_an_image"


def test_nothing_heavy_is_imported():
    # each process pays for what it imports, in time and in memory
    code = "import sys, foodcls.inspect.sandbox_worker; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "torch", "prefect", "pydantic", "matplotlib"} & set(done.stdout.split())


def test_a_broken_profile_of_colors_is_told(noise, encode):
    odd = examined(encode(noise(1), "JPEG", icc_profile=b"no profile"))
    assert odd["measures"]["odd_profile"] and "data" not in odd
    assert not examined(encode(noise(1), "JPEG"))["measures"]["odd_profile"]
