"""Decides who may ask, and how often: by token, host, origin and rate."""

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foodcls.serve.bodies import CLOSING

# in a minute; somebody who guesses tokens is told nothing for the rest of it
WRONG_TOKENS = 20
# in ten seconds; five times what a person takes
PHOTOS = 50
LATER = {"Retry-After": "2"}
# of each answer; a page loads nothing from elsewhere, and markup in a class name or URL stays text
POLICY = (
    "default-src 'none'; img-src {}; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    # the address holds the token
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Lets the holder of `token` in, at an address that was announced, from its own page."""

    def __init__(self, origins: Iterable[str], now: Callable[[], float] = time.monotonic) -> None:
        """Origins are `http://127.0.0.1:8000` and the like."""
        self.token = secrets.token_urlsafe(24)
        # leads to the token once: a browser's command line can be read by all users of the machine
        self.ticket = secrets.token_urlsafe(24)
        self._origins = set(origins)
        self._hosts = {origin.partition("://")[2] for origin in self._origins}
        self._wrong = _Window(WRONG_TOKENS, 60, now)
        self._photos = _Window(PHOTOS, 10, now)

    def check(self, request: Request, token: str) -> None:
        """HTTPException 403 for whoever may not ask, 429 where too many did not.

        Whoever knows the token is let in all the while: else any stranger could shut them out.
        """
        # another host name points to DNS rebinding, another origin to a foreign page
        is_near = request.headers.get("Host", "") in self._hosts
        is_ours = request.headers.get("Origin", next(iter(self._origins))) in self._origins
        is_known = secrets.compare_digest(token.encode(), self.token.encode())
        if not is_known and self._wrong.is_full():
            raise HTTPException(429, "too many wrong addresses; wait a minute")
        if not is_known:
            self._wrong.add()
        if not (is_known and is_near and is_ours):
            raise HTTPException(403, "open the address that the command printed")

    def redeem(self, ticket: str) -> bool:
        """Whether it is the ticket, which then is none any more."""
        is_it = secrets.compare_digest(ticket.encode(), self.ticket.encode())
        self.ticket = secrets.token_urlsafe(24) if is_it else self.ticket
        return is_it

    def count_photo(self) -> None:
        """HTTPException 429 when photos come faster than anybody takes them."""
        if self._photos.is_full():
            raise HTTPException(429, "too many photos at once; they are sent again", LATER)
        self._photos.add()


class Gate:
    """Lets those through to an application whom a guard lets in: their token begins the path.

    The application's own paths begin behind it. Its pages show `images` from there alone; no answer
    is kept by a browser, unless it says so itself.
    """

    def __init__(self, app: ASGIApp, guard: Guard, images: str) -> None:
        self._app, self._guard = app, guard
        self._headers = HEADERS | {"Content-Security-Policy": POLICY.format(images)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        app = self._app
        if scope["type"] == "http":
            token = scope["path"][1:].partition("/")[0]
            scope = {**scope, "root_path": f"/{token}"}
            try:
                if scope["method"] == "GET" and self._guard.redeem(token):
                    app = RedirectResponse(f"/{self._guard.token}/", 303)
                else:
                    self._guard.check(Request(scope), token)
            except HTTPException as error:
                app = JSONResponse({"detail": error.detail}, error.status_code, CLOSING)
        await app(scope, receive, send_headed)


class _Window:
    """Counts what happened in the last seconds, up to a limit."""

    def __init__(self, most: int, seconds: float, now: Callable[[], float]) -> None:
        self._times: deque[float] = deque(maxlen=most)
        self._seconds = seconds
        self._now = now

    def add(self) -> None:
        self._times.append(self._now())

    def is_full(self) -> bool:
        is_long = len(self._times) == self._times.maxlen
        return is_long and self._now() - self._times[0] < self._seconds
