import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from flows.cli.main import app
from flows.cli.pages.listen import open_port
from foodcls.errors import InputError
from foodcls.export.exported_files import sibling


@pytest.mark.runs("foodcls serve")
def test_what_was_taken_is_answered_before_the_service_ends(
    camera: Path, noise: Callable[..., Image.Image], encode: Callable[..., bytes], tmp_path: Path
) -> None:
    model = Path(shutil.copy(camera, tmp_path))
    (quicker := sibling(model, ".onnx")).touch()
    words = [sys.executable, "-m", "flows.cli.main", "serve", model, "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True,
                          env=os.environ | {"PYTHONUNBUFFERED": "1"}) as process:  # fmt: skip
        try:
            assert process.stdout
            address = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
            assert address
            picture = encode(noise(1), "JPEG")
            head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(picture)}\r\n\r\n"
            with socket.create_connection(("127.0.0.1", int(address[1]))) as asked:
                asked.settimeout(60)
                asked.sendall(head.encode() + picture[:100])
                # that the first part is taken shows in what another connection is told
                with socket.create_connection(("127.0.0.1", int(address[1]))) as other:
                    other.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                    assert b"200" in other.recv(100)
                process.send_signal(signal.SIGTERM)
                assert f"{model.name} answers" in process.stdout.readline()
                assert f"foodcls serve {quicker} answers the same" in process.stdout.readline()
                asked.sendall(picture[100:])
                assert asked.recv(100).startswith(b"HTTP/1.1 200")
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_a_port_that_is_taken_is_told(camera: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = CliRunner().invoke(
            app, ["serve", str(camera), "--port", str(taken.getsockname()[1])]
        )
    assert done.exit_code == 2 and "--port 0 takes a free one" in done.stderr


def test_a_program_is_served_to_who_knows_its_digest(camera: Path) -> None:
    words = ["serve", str(camera.with_suffix(".pt2")), "--port", "0"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2 and "(--sha256)" in done.stderr
    done = CliRunner().invoke(app, [*words, "--sha256", "0"])
    assert done.exit_code == 2 and "was changed after its export" in done.stderr


def test_of_two_that_start_at_once_one_has_the_port() -> None:
    with (
        open_port("127.0.0.1", 0) as first,
        pytest.raises(InputError, match="--port 0 takes a free one"),
    ):
        open_port("127.0.0.1", first.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "said"),
    [("256.0.0.1", "--host 256.0.0.1"), ("203.0.113.9", "--port 0"), ("é..", "--host é..")],
)
def test_an_address_that_is_not_ours_is_told(camera: Path, host: str, said: str) -> None:
    done = CliRunner().invoke(app, ["serve", str(camera), "--host", host, "--port", "0"])
    assert done.exit_code == 2 and said in done.stderr
