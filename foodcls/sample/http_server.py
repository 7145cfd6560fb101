"""Serves a sample web over HTTP on this machine alone."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from foodcls.sample.responses import respond
from foodcls.sample.web import HOST, SampleWeb

logger = logging.getLogger(__name__)

# one web for all recipes: what is remembered of an address must not depend on per_query
RECIPES = {"per_class": 48, "seed": 0}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # connections that may wait to be taken: a crawler opens all of its own at once
    request_queue_size = 128

    def __init__(self, web: SampleWeb) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.web = web
        self.visits: Counter[str] = Counter()
        self.lock = threading.Lock()

    def count_visit(self, target: str) -> int:
        with self.lock:
            self.visits[target] += 1
            return self.visits[target]

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("a client went away", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds that an idle connection is kept
    wbufsize = 65_536  # head and body in one packet

    def do_GET(self) -> None:
        given = respond(self.server.web, self.path, self.server.count_visit(self.path))
        time.sleep(given.delay)
        self.send_response(given.status)
        for name, value in given.headers:
            self.send_header(name, value)
        self.send_header("Content-Type", given.media_type)
        self.send_header("Content-Length", str(len(given.body)))
        self.end_headers()
        self.wfile.write(given.body)

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)


@contextmanager
def serve(web: SampleWeb) -> Iterator[int]:
    """Serve the web on a free port of 127.0.0.1 while the block runs; gives that port."""
    server = _Server(web)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serve_hosts() -> Iterator[dict[str, tuple[str, int]]]:
    """Serve the web that recipes see while the block runs; gives where its host is found."""
    with serve(SampleWeb(**RECIPES)) as port:
        yield {HOST: ("127.0.0.1", port)}
