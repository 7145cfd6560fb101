"""Tests of python -m foodcls.sample."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from foodcls.sample.__main__ import main


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "python -m foodcls.sample /tmp" in capsys.readouterr().out


def test_tables_are_written(tmp_path: Path) -> None:
    main([str(tmp_path), "--per-class", "3"])
    for name in ("boxes.csv", "filter.csv"):
        assert (tmp_path / name).read_text().count("\n") > 30


@pytest.mark.parametrize("odd", [["--per-class", "0"], ["--port", "65536"], ["--port", "-1"]])
def test_what_no_web_can_have_is_an_error(odd: list[str], tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*odd, str(tmp_path)])
    assert ended.value.code == 2 and "--per-class is 1 or more" in capsys.readouterr().err


def test_the_web_tells_its_address_and_ends_on_ctrl_c() -> None:
    command = [sys.executable, "-m", "foodcls.sample", "--per-class", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = re.match(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert address is not None
        assert b"sample web" in urllib.request.urlopen(address[0], timeout=10).read()
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_a_taken_port_is_an_error_without_a_traceback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "foodcls.sample", "--port", port]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ") and "Traceback" not in ended.stderr
