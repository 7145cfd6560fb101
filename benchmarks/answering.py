"""Answers for pictures on loopback, from a process of its own, over connections that stay open."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ANSWER = "HTTP/1.1 {}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n"


class Answering(asyncio.Protocol):
    """Answers what is asked with what `find` gives for a name: a status, and bytes."""

    def __init__(self, find: Callable[[bytes], tuple[str, bytes]], latency: float) -> None:
        self._find, self._latency, self._asked = find, latency, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request, after the latency."""
        self._asked += data
        while b"\r\n\r\n" in self._asked:
            head, _, self._asked = self._asked.partition(b"\r\n\r\n")
            name = head.split(b" ", 2)[1].rpartition(b"/")[2].removesuffix(b".jpg")
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._answer, name)
            else:
                self._answer(name)

    def _answer(self, name: bytes) -> None:
        status, body = self._find(name)
        if not self._transport.is_closing():
            self._transport.write(ANSWER.format(status, len(body)).encode() + body)


async def answer_forever(
    find: Callable[[bytes], tuple[str, bytes]], port: int = 0, latency: float = 0.0, told: str = ""
) -> None:
    """Serve on that port, or a free one for 0; print it and what is told; latency in seconds."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Answering(find, latency), "127.0.0.1", port, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], told, flush=True)
    await server.serve_forever()


@contextmanager
def answering(*words: object) -> Iterator[str]:
    """The line that a program prints, which serves until the block ends."""
    command = [sys.executable, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline()
        finally:
            server.terminate()
