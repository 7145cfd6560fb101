import http.client
import socket
import threading
import time
from contextlib import suppress

import uvicorn
from fastapi import FastAPI, Request, Response

from flows.cli.pages.listen import PatientServer, open_port

# on one connection, begun and not gone on with; the last takes no answer
LATE = (
    b"", b"GET /", b"GET / HTTP/1.1\r\nHost: a\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
    b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
)  # fmt: skip


def test_connections_that_are_late_are_broken_off_and_others_answered() -> None:
    """As many as there may be would shut everybody out."""
    app = FastAPI()

    @app.post("/")
    async def read(request: Request) -> int:
        return len(await request.body())

    @app.get("/quick")
    async def quick() -> str:
        return "quick"

    @app.get("/large")
    async def large() -> Response:
        return Response(bytes(50_000_000))

    started = threading.Event()
    with open_port("127.0.0.1", 0) as opened:
        port = opened.getsockname()[1]
        server = PatientServer(uvicorn.Config(app, log_level="error"), started.set, 1.0)
        thread = threading.Thread(target=server.run, args=([opened],))
        thread.start()
        try:
            assert started.wait(30)
            late = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in LATE]
            for connection, begun in zip(late, LATE, strict=True):
                connection.sendall(begun)
            deadline = time.monotonic() + 30
            while server.server_state.connections and time.monotonic() < deadline:
                time.sleep(0.3)
                asked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                asked.request("GET", "/quick", headers={"Connection": "close"})
                assert asked.getresponse().read() == b'"quick"'
                asked.close()
            assert not server.server_state.connections
            for connection in late[:-1]:
                with suppress(ConnectionResetError):
                    assert connection.recv(100) == b""
        finally:
            server.should_exit = True
            thread.join(30)
            for connection in late:
                connection.close()
