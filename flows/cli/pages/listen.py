"""Listens on a port, and serves an application until it is told to stop."""

import ipaddress
import signal
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from foodcls.errors import InputError
from foodcls.serve.guard import Guard

# of a machine's 1024 files; more are answered with 503
CONNECTIONS = 512
# seconds between two looks at connections: so many that stand still would shut everybody out
PATIENCE = 120
LEAST = 100_000  # bytes; who sends so many from look to look does not stand still


def open_port(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; InputError when it cannot be had.

    It listens at once: a port that is only bound can be had by another program too. Who connects
    waits until requests are taken.
    """
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=kind)
    # the others: no name of a host can be written like that
    except (OSError, TypeError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(
            f"--host {host} --port {port}: {why}; --port 0 takes a free one"
        ) from error


def address_of(host: str, opened: socket.socket) -> str:
    """Host and port as a URL has them, where an IPv6 address stands in brackets."""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{opened.getsockname()[1]}"


def local_guard(place: str) -> Guard:
    """What lets the browsers of this machine in, where a page is served at a host and port."""
    return Guard([f"http://{place}", f"http://localhost:{place.rpartition(':')[2]}"])


def is_local(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve_until_stopped(
    app: ASGIApp,
    opened: socket.socket,
    seconds: float,
    tell: Callable[[], None],
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; then what was taken is answered, within `seconds`.

    `tell` is called as soon as requests are taken. With a certificate and its key, by TLS.
    """
    config = uvicorn.Config(
        app,
        http=CountingProtocol,
        # what is sent to an open port is nobody's fault here
        log_level="error",
        ws="none",
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=int(seconds) + 1,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    # uvicorn raises the signal again when it has ended: this is no failure
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    PatientServer(config, tell, max(PATIENCE, 3 * seconds)).run([opened])


class CountingProtocol(H11Protocol):
    """A connection that counts the bytes that came."""

    heard = 0

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self.heard += len(data)
        super().data_received(data)


class PatientServer(uvicorn.Server):
    """Tells when it takes requests, and breaks connections off that stand still.

    From one look to the next such a one began no request, sent fewer than LEAST bytes and read none
    of its answer. So an answer has to come within `patience` seconds, and its body in one piece: of
    a body in parts, or by TLS, what is still to be sent may be the same though somebody reads it.
    """

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None], patience: float) -> None:
        super().__init__(config)
        self._tell = tell
        self._ticks = int(patience * 10)  # a tick is a tenth of a second
        self._before: Mapping[Any, object] = {}  # how far each connection was, at the last look

    async def on_tick(self, counter: int) -> bool:
        """Look at the connections every `patience` seconds."""
        if counter % self._ticks == 0:
            connections: set[Any] = self.server_state.connections
            now = {
                one: (one.cycle, one.heard // LEAST, one.transport.get_write_buffer_size())
                for one in connections
            }
            for one, state in now.items():
                if self._before.get(one) == state:
                    one.transport.abort()
            self._before = now
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests."""
        await super().startup(sockets)
        if self.started:
            self._tell()
