"""A web on loopback that answers as badly as a test asks, and counts what it is asked."""

import asyncio
import socket
import threading
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest
from PIL import Image

from foodcls.collect.limits import Limits, fetch_limits
from foodcls.recipe.data_settings import Collect

Handler = Callable[["Talk"], Awaitable[None]]


class Talk:
    """One request, and how to answer it."""

    def __init__(self, head: str, writer: asyncio.StreamWriter, number: int) -> None:
        line, *fields = head.split("\r\n")
        self.method, self.path = line.split(" ")[:2]
        self.headers = {
            name.lower(): value for name, _, value in (field.partition(": ") for field in fields)
        }
        self.number = number  # of the request for this path, from 1
        self.sent = 0
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()
        self.sent += len(data)

    async def reply(
        self, body: bytes = b"", status: str = "200 OK", length: int | None = None, **headers: str
    ) -> None:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        fields["Content-Length"] = str(len(body) if length is None else length)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        await self.send(f"HTTP/1.1 {status}\r\nConnection: close\r\n{lines}\r\n".encode() + body)


class Web:
    """Routes by path without query; `hits`, `sent` and `busiest` tell what happened.

    A robots.txt that a test says nothing of is missing, and its requests are not told.
    """

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.talks: list[Talk] = []
        self.busiest = 0
        self.port = 0
        self._active = 0
        self._routes: dict[str, Handler] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def route(self, path: str, handler: Handler) -> str:
        self._routes[path] = handler
        return self.url(path)

    def say(self, path: str, body: bytes = b"", status: str = "200 OK", **headers: str) -> str:
        async def answer(talk: Talk) -> None:
            await talk.reply(body, status, **headers)

        return self.route(path, answer)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def start(self) -> None:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._talk, "127.0.0.1", 0), self._loop
        ).result()
        self.port = self._server.sockets[0].getsockname()[1]
        # small, so that `sent` tells what was taken and not what this machine would hold
        self._server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _shut(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._active += 1
        self.busiest = max(self.busiest, self._active)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1].partition("?")[0]
            if path == "/robots.txt" and path not in self._routes:
                return await _missing(Talk(head, writer, 1))
            self.hits[path] += 1
            talk = Talk(head, writer, self.hits[path])
            self.talks.append(talk)
            try:
                await self._routes.get(path, _missing)(talk)
            finally:
                self.sent[path] += talk.sent
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._active -= 1
            writer.close()


async def _missing(talk: Talk) -> None:
    await talk.reply(b"nothing here", "404 Not Found")


@pytest.fixture
def web() -> Iterator[Web]:
    served = Web()
    served.start()
    yield served
    served.stop()


@pytest.fixture
def other_web() -> Iterator[Web]:
    served = Web()
    served.start()
    yield served
    served.stop()


@pytest.fixture
def limits() -> Limits:
    """Bounds for servers on loopback: no long pauses, and time for all attempts when busy."""
    chosen = Collect(
        engines=("bing",), timeout=60.0, max_bytes=300_000, retries=2, allow_private_hosts=True
    )
    return replace(fetch_limits(chosen), first_backoff=0.01)


@pytest.fixture
def picture(
    noise: Callable[..., Image.Image], encode: Callable[..., bytes]
) -> Callable[[int], bytes]:
    """The bytes of a PNG; another seed, other bytes."""

    def draw(seed: int) -> bytes:
        return encode(noise(seed))

    return draw


@pytest.fixture
def gzip_bomb() -> bytes:
    """200 MB of zeros in some 200 kB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1_000_000)
    return b"".join(packer.compress(block) for _ in range(200)) + packer.flush()
