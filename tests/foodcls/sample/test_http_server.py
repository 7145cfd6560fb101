"""Tests of foodcls.sample.http_server, over real HTTP on this machine."""

import http.client
import io
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from foodcls.sample.file_bytes import file_bytes
from foodcls.sample.http_server import serve
from foodcls.sample.web import SampleWeb

WEB = SampleWeb(per_class=12)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serve(WEB) as port:
        yield port


def _get(port: int, target: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", target, headers={"Host": "sample.foodcls.test"})
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def test_a_picture_arrives_whole(port: int, item_of: Callable) -> None:
    item = item_of(WEB, "original")
    status, headers, body = _get(port, f"/img/{item.file}")
    assert (status, headers["Content-Length"]) == (200, str(len(body)))
    assert body == file_bytes(item)
    Image.open(io.BytesIO(body)).load()


def test_one_connection_serves_many_requests(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for target in ("/search", "/nothing", "/search?q=beans"):
        connection.request("GET", target)
        response = connection.getresponse()
        response.read()
        assert response.version == 11
        assert not response.will_close
    connection.close()


def test_thirty_two_connections_are_answered_at_once(port: int) -> None:
    ready = threading.Barrier(32)

    def ask(number: int) -> int:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            # none asks before all are connected
            ready.wait(20)
            connection.sendall(b"GET /search HTTP/1.1\r\nHost: x\r\n\r\n")
            return int(connection.recv(65_536).split()[1])

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(ask, range(32))) == [200] * 32


def test_a_busy_picture_is_busy_once(port: int, item_of: Callable) -> None:
    target = f"/img/{item_of(WEB, 'busy').file}"
    first, second, third = (_get(port, target) for _ in range(3))
    assert (first[0], first[1]["Retry-After"]) == (503, "1")
    assert (second[0], third[0]) == (200, 200)


@pytest.mark.parametrize(
    ("kind", "status"), [("gone", 404), ("fault", 500), ("loop", 302), ("private", 302)]
)
def test_mess_is_served_as_such(kind: str, status: int, port: int, item_of: Callable) -> None:
    assert _get(port, f"/img/{item_of(WEB, kind).file}")[0] == status


def test_a_redirect_leads_to_its_source(port: int, item_of: Callable) -> None:
    item = item_of(WEB, "redirect")
    _, headers, _ = _get(port, f"/img/{item.file}")
    assert headers["Location"] == f"/img/{item.source}"
    assert _get(port, headers["Location"])[0] in (200, 503)


def test_a_client_that_hangs_up_harms_nobody(port: int, item_of: Callable) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET /img/{item_of(WEB, 'png').file} HTTP/1.1\r\n\r\n".encode())
    assert _get(port, "/search")[0] == 200


def test_nobody_listens_afterwards() -> None:
    with serve(WEB) as port:
        assert _get(port, "/search")[0] == 200
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
