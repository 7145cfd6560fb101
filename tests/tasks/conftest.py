"""A proxy in front of a real MLflow server that loses, delays and refuses what a test says."""

import http.client
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

# what becomes of the n-th request (from 1): "pass", "cut" (before the server sees it), "lose" (the
# answer), a status, or seconds of waiting
Plan = Callable[[int, str], str | int | float]


class Proxy:
    """Passes requests on, as its plan says."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.plan: Plan = lambda number, path: "pass"
        self.seen: list[str] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.seen.append(f"{self.command} {self.path}")
                fate = proxy.plan(len(proxy.seen), proxy.seen[-1])
                if isinstance(fate, float):
                    time.sleep(fate)
                if fate == "cut":
                    self.close_connection = True
                    return
                if isinstance(fate, int):
                    self.answer(fate, b"trouble", "text/plain")
                    return
                status, kind, data = self.forward(body)
                if fate == "lose":
                    self.close_connection = True
                    return
                self.answer(status, data, kind)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

            def forward(self, body: bytes) -> tuple[int, str, bytes]:
                there = http.client.HTTPConnection("127.0.0.1", proxy.upstream, timeout=60)
                kept = {name: value for name, value in self.headers.items()
                        if name.lower() not in ("host", "connection")}  # fmt: skip
                try:
                    there.request(self.command, self.path, body, kept)
                    answer = there.getresponse()
                    kind = answer.getheader("Content-Type") or "application/json"
                    return answer.status, kind, answer.read()
                except OSError:
                    return 502, "text/plain", b"nobody there"
                finally:
                    there.close()

            def answer(self, status: int, data: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                # an hour: nobody may wait for it
                self.send_header("Retry-After", "3600")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="session", autouse=True)
def small_steps(quick_tables: None) -> None:
    """Each test has a store of its own, and none waits for MLflow to make it."""


@pytest.fixture
def proxy(tracking_server) -> Iterator[Proxy]:
    proxy = Proxy(tracking_server.port)
    yield proxy
    proxy.server.shutdown()
    proxy.server.server_close()
