import http.client
import io
import json
import os
import re
import socket
import struct
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from foodcls.review.app import PAGE
from foodcls.review.decision_files import ReviewFiles
from foodcls.review.session import Session


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(3)


@pytest.fixture
def server(visit: Callable, serve: Callable, manifest: pd.DataFrame) -> Any:
    return serve(visit(manifest))


@pytest.fixture
def ask(server: Any) -> Callable[..., tuple[int, bytes]]:
    """Ask behind the token; the status and the body."""

    def send(path: str, body: object = None, token: str = "", **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = {"Content-Type": "application/json"} if data is not None else {}
        connection.request(
            "POST" if data is not None else "GET",
            f"/{token or server.token}/{path}",
            body=data,
            headers=kind | given,
        )
        answer = connection.getresponse()
        result = answer.status, answer.read()
        connection.close()
        return result

    return send


def test_the_page_and_its_parts_are_served(ask: Callable) -> None:
    for path, word in (("", b"<!doctype html>"), ("review.css", b"{"), ("api.js", b"fetch")):
        status, body = ask(path)
        assert status == 200 and word in body


def test_each_module_that_the_page_loads_is_served_as_a_script(server: Any) -> None:
    waiting, served = {"main.js"}, set[str]()
    while waiting:
        with urllib.request.urlopen(server.url + (name := waiting.pop()), timeout=10) as answer:
            assert answer.headers.get_content_type() == "text/javascript"
            # a browser runs a script of another type for nobody who says this
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
            text = answer.read().decode()
        served.add(name)
        waiting |= set(re.findall(r'from "\./(\w+\.js)"', text)) - served
    # nothing lies there that is not used
    assert served == {path.name for path in PAGE.glob("*.js")}


@pytest.mark.parametrize(
    "path", ["page/main.js", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "%252e%252e/app.py",
             "main.js%00", "thumb/%00", "app.py", "..", "docs", "openapi.json"],
)  # fmt: skip
def test_nothing_is_served_but_the_files_of_the_page(ask: Callable, path: str) -> None:
    assert ask(path)[0] == 404


def test_a_page_that_is_closed_while_it_loads_is_no_error(
    server: Any, ask: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as closed:
        closed.sendall(b"GET /")
        time.sleep(0.05)
        # lingers not: the connection is reset, as by a browser that goes elsewhere
        closed.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert ask("classes")[0] == 200
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("path", ["", "classes", "main.js", "thumb/x"])
def test_without_the_token_nothing_is_answered(server: Any, ask: Callable, path: str) -> None:
    for token in ("wrong", server.token[:-1], server.token.swapcase()):
        status, body = ask(path, token=token)
        assert status == 403 and server.token.encode() not in body
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().status == 403
    connection.close()


def test_another_name_for_this_machine_is_refused(server: Any, ask: Callable) -> None:
    assert ask("classes", Host=f"evil.test:{server.port}")[0] == 403
    assert ask("classes", Host=f"localhost:{server.port}")[0] == 200


def test_a_foreign_page_cannot_decide(
    ask: Callable, server: Any, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    decision = {"ids": [manifest["id"][0]], "keep": False}
    assert ask("decide", decision, Origin="http://evil.test")[0] == 403
    assert ask("decide", decision, Origin="null")[0] == 403
    # what a form may send without asking first
    assert ask("decide", decision, Content_Type="text/plain")[0] == 400
    assert not files.decisions.exists()
    ours = f"http://127.0.0.1:{server.port}"
    assert ask("decide", decision, Origin=ours)[0] == 200
    assert files.decisions.read_text() == f"id,keep,reason\n{manifest['id'][0]},0,\n"


def test_pictures_are_served_by_id_and_nothing_else_is(
    ask: Callable, manifest: pd.DataFrame
) -> None:
    digest = manifest["id"][0]
    for kind in ("thumb", "picture"):
        status, body = ask(f"{kind}/{digest}")
        with Image.open(io.BytesIO(body)) as image:
            assert status == 200 and image.size == (96, 64)
    for path in (f"thumb/{'0' * 64}", "thumb/../../../../etc/passwd", "picture/", "filter.csv"):
        assert ask(path)[0] == 404


def test_classes_and_pictures_are_told(ask: Callable, manifest: pd.DataFrame) -> None:
    told = json.loads(ask("classes")[1])
    assert told["title"] == "lunch"
    assert [item["name"] for item in told["classes"]] == ["pesto", "bread"]
    pictures = json.loads(ask("pictures?class=bread")[1])
    assert [item["id"] for item in pictures] == list(manifest["id"][3:])
    assert ask("pictures?class=soup")[0] == 400


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"[" * 100_000, b"\xff", b'{"ids": 1}'],
    ids=["empty", "list", "open", "deep", "bytes", "ids"],
)  # fmt: skip
def test_a_body_that_is_no_request_is_refused(ask: Callable, body: bytes) -> None:
    assert ask("decide", body)[0] == 400


def test_a_decision_about_all_that_a_map_holds_is_taken(
    ask: Callable, manifest: pd.DataFrame
) -> None:
    seen = {f"{number:064x}": [1, "blurred or tiny", "pesto"] for number in range(20_000)}
    ids = [manifest["id"][0]] * len(seen)
    assert ask("decide", {"ids": ids, "keep": True, "reason": "", "seen": seen})[0] == 200


def test_a_body_without_end_is_refused_unread(ask: Callable) -> None:
    assert ask("decide", b"{}", Content_Length="999999999")[0] == 413
    assert ask("decide", b"{}", Content_Length="9" * 5000)[0] == 400


def test_numbers_and_addresses_without_sense_are_answered(server: Any, ask: Callable) -> None:
    assert ask(f"news?since={'9' * 20}")[0] == ask("news?since=-1")[0] == 200
    for path in (
        f"news?since={'9' * 5000}",
        f"doubts?size={'9' * 5000}",
        "sample?size=0",
        "sample?size=501",
        "sample?size=%C2%B2",
        "alike?size=5",
        "pictures",
    ):
        assert ask(path)[0] == 422
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("GET", "http://[", skip_host=True)
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()


def test_half_a_character_is_no_error(
    ask: Callable, files: ReviewFiles, manifest: pd.DataFrame
) -> None:
    """As a browser sends it where a field is cut within an emoji."""
    request = {"ids": [manifest["id"][0]], "keep": False, "reason": "blurred \ud83d"}
    assert ask("decide", request)[0] == 200
    assert files.decisions.read_text().endswith(",0,blurred ?\n")


def test_a_picture_that_is_gone_is_an_error_of_its_own(
    server: Any, ask: Callable, manifest: pd.DataFrame
) -> None:
    server.thumbs.store.path(manifest["id"][0]).unlink()
    status, body = ask(f"thumb/{manifest['id'][0]}")
    assert status == 409 and b"missing" in body
    assert ask(f"thumb/{manifest['id'][1]}")[0] == 200


def test_a_broken_file_is_told_to_the_page(
    ask: Callable, files: ReviewFiles, manifest: pd.DataFrame
) -> None:
    files.decisions.write_text("id,keep\nabcdefgh,perhaps\n")
    status, body = ask("decide", {"ids": [manifest["id"][0]], "keep": True})
    assert status == 409 and b"perhaps" in body


@pytest.mark.parametrize("name", ["filter.csv", "boxes.csv"])
def test_a_pipe_or_folder_in_place_of_a_file_is_told_to_the_page(
    ask: Callable, files: ReviewFiles, manifest: pd.DataFrame, name: str
) -> None:
    """Of a pipe each request waited for ever, and the command could not be stopped."""
    path = files.decisions.with_name(name)
    decision = {"ids": [manifest["id"][0]], "keep": False}
    for make in (os.mkfifo, os.mkdir):
        make(path)
        status, body = ask("pictures?class=pesto")
        assert status == 409 and f"{path} is no file" in json.loads(body)["detail"]
        path.unlink() if path.is_fifo() else path.rmdir()
    assert ask("decide", decision)[0] == 200


def test_two_visits_have_two_tokens(
    visit: Callable[..., Session], serve: Callable, manifest: pd.DataFrame
) -> None:
    first, second = serve(visit(manifest)), serve(visit(manifest))
    assert first.token != second.token and len(first.token) >= 32


def test_a_body_in_chunks_has_no_more_bytes_than_one_that_is_announced(
    server: Any, monkeypatch: pytest.MonkeyPatch, files: ReviewFiles, manifest: pd.DataFrame
) -> None:
    """Whatever length it announces beside them."""
    monkeypatch.setattr("foodcls.review.app.MAX_BODY", 1000)
    body = json.dumps({"ids": [manifest["id"][0]], "keep": True}).encode() + b" " * 1000
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        lines = [f"POST /{server.token}/decide HTTP/1.1", f"Host: 127.0.0.1:{server.port}",
                 "Content-Type: application/json", "Content-Length: 2",
                 "Transfer-Encoding: chunked", "", f"{len(body):x}", ""]  # fmt: skip
        raw.sendall("\r\n".join(lines).encode() + body + b"\r\n0\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413")
    assert not files.decisions.exists()


def test_a_decision_may_come_slowly_and_not_stop_coming(
    server: Any, monkeypatch: pytest.MonkeyPatch, manifest: pd.DataFrame
) -> None:
    """Through a tunnel one of many pictures takes longer than a minute."""
    monkeypatch.setattr("foodcls.review.app.SECONDS", 1.5)
    body = json.dumps({"ids": [manifest["id"][0]], "keep": True}).encode()

    def pieces(pause: float) -> Iterator[bytes]:
        for start in range(0, len(body), len(body) // 5):
            time.sleep(pause)
            yield body[start : start + len(body) // 5]

    for pause, status in ((0.5, 200), (2.5, 408)):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        with suppress(ConnectionError):  # it is ended while this still sends
            kind = {"Content-Type": "application/json"}
            connection.request("POST", f"/{server.token}/decide", pieces(pause), kind)
        assert connection.getresponse().status == status
        connection.close()


def test_a_page_that_is_closed_while_it_saves_is_no_error(
    server: Any, ask: Callable, capsys: pytest.CaptureFixture[str], caplog: Any
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as closed:
        head = f"POST /{server.token}/decide HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        closed.sendall(
            f"{head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{{".encode()
        )
        time.sleep(0.1)
    assert ask("classes")[0] == 200
    assert "Traceback" not in capsys.readouterr().err + caplog.text


def test_what_is_refused_unread_is_not_taken_for_the_next_request(server: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for kind, status in (("text/plain", 400), ("Application/JSON; charset=utf-8", 200)):
        connection.request("POST", f"/{server.token}/undo", b"{}", {"Content-Type": kind})
        answer = connection.getresponse()
        assert answer.status == status and answer.read()
    connection.close()


def test_thumbnails_are_shown_where_none_can_be_kept(
    server: Any, ask: Callable, manifest: pd.DataFrame
) -> None:
    """As on a full disk, or one that may only be read."""
    server.thumbs.folder.parent.mkdir()
    server.thumbs.folder.write_text("a file in place of the folder")
    status, body = ask(f"thumb/{manifest['id'][0]}")
    assert status == 200 and body.startswith(b"\xff\xd8")


def test_what_stands_on_a_browsers_command_line_leads_in_once(server: Any) -> None:
    """Each user of the machine may read it there."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for method, status in (("HEAD", 403), ("GET", 303), ("GET", 403)):
        connection.request(method, f"/{server.ticket}/")
        response = connection.getresponse()
        response.read()
        assert response.status == status
        assert response.getheader("Location") == (f"/{server.token}/" if status == 303 else None)
        connection.close()
