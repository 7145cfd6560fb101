import http.client
import socket
import threading
import time
from contextlib import suppress

import uvicorn
from fastapi import FastAPI, Request, Response

from flows.cli.pages.listen import CountingProtocol, PatientServer, open_port

# on one connection, begun and not gone on with; the last takes no answer
LATE = (
    b"", b"GET /", b"GET / HTTP/1.1\r\nHost: a\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
    b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
)  # fmt: skip


def test_connections_that_are_late_are_broken_off_and_others_answered() -> None:
    """As many as there may be would shut everybody out; who sends slowly, or reads, is not late."""
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
        config = uvicorn.Config(app, http=CountingProtocol, log_level="error")
        server = PatientServer(config, started.set, 1.0)
        thread = threading.Thread(target=server.run, args=([opened],))
        thread.start()
        try:
            assert started.wait(30)
            late = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in LATE]
            for connection, begun in zip(late, LATE, strict=True):
                connection.sendall(begun)
            sends, reads = (socket.create_connection(("127.0.0.1", port), timeout=30)
                            for _ in range(2))  # fmt: skip
            sends.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1200012\r\n\r\n")
            reads.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            read_slowly = reads.makefile("rb")
            deadline = time.monotonic() + 60
            for _ in range(8):
                time.sleep(0.5)
                sends.sendall(bytes(150_000))
                assert len(read_slowly.read(1_500_000)) == 1_500_000
            sends.sendall(bytes(12))
            with sends.makefile("rb") as answered:
                assert answered.readline().startswith(b"HTTP/1.1 200")
            for connection in (sends, read_slowly, reads):
                connection.close()
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
