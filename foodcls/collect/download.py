"""Turns many URLs into one response each; knows nothing of what the bytes are for.

Redirects are followed, and what failed for a while is retried with exponential backoff. A rate
limit that a server sets by Retry-After is heeded: all URLs of that host are throttled. So is
robots.txt, which each site is asked for before anything else.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Generic, TypeVar

from foodcls.collect.host_queue import HOPS, HostQueue, Request, RetryLater
from foodcls.collect.hosts.days import Spent
from foodcls.collect.http_client import HttpClient, Redirect
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import FetchError, Outcome, Response
from foodcls.collect.robots import Robots
from foodcls.collect.ssrf_guard import Address
from foodcls.progress import Forecast

Result = TypeVar("Result")
Shut = Callable[[str], str]

# look-ups of names block a thread each, and a dead name server must not hold up the others
LOOKUPS = 64
# threads that digest and write bodies; more do not help one disk
FINISHERS = 4
# seconds on the network below which another attempt is not worth its start
TOO_LITTLE = 0.05
FORETELLING = 0.1  # seconds between two forecasts of the end: each looks at all hosts


class Download(Generic[Result]):
    """Fetches many URLs; what `finish` makes of each response goes to `deliver`.

    `finish` runs in another thread, so that it may digest and write; bodies live until it
    returns, so at most `connections` of them are held, and a few that wait for it.
    """

    def __init__(
        self,
        limits: Limits,
        hosts: Mapping[str, Address],
        finish: Callable[[Response], Result],
        deliver: Callable[[Result], None],
        robots: Robots | None = None,
        forecast: Forecast | None = None,
        shut: Shut = lambda url: "",
    ) -> None:
        self._limits = limits
        self._hosts = hosts
        self._finish = finish
        self._deliver = deliver
        self._robots = robots
        self._forecast = forecast or Forecast()
        self._shut = shut
        self._foretold = 0.0
        self._queue = HostQueue(limits.per_host, limits.manners)
        self._running: dict[asyncio.Task[Result | Request | RetryLater], Request] = {}
        self._placeless = set[asyncio.Task[Result | Request | RetryLater]]()
        self._delayed = 0
        # until when hosts are throttled, and for how many seconds they have been
        self._paused_until: dict[str, float] = {}
        self._paused: dict[str, float] = {}

    async def run(self, urls: Iterable[str]) -> None:
        """Fetch all URLs; an exception of `finish` ends the run."""
        self._events: asyncio.Queue[asyncio.Task[Result | Request | RetryLater] | Request | str]
        self._events = asyncio.Queue()
        for url in urls:
            self._queue.add(request := Request(url, at=url))
            self._pause(request.host, self._limits.manners.left(request.host))
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(LOOKUPS))
        with ThreadPoolExecutor(FINISHERS) as self._finishers:
            async with HttpClient(self._limits, self._hosts) as self._client:
                try:
                    await self._work()
                finally:
                    await self._stop()

    async def _work(self) -> None:
        while self._start() or self._delayed or not self._queue.is_empty:
            event = await self._events.get()
            self._foretell()
            if isinstance(event, str):
                self._queue.resume(event)
            elif isinstance(event, Request):
                self._delayed -= 1
                self._queue.add(event)
            else:
                done = self._running.pop(event)
                if event in self._placeless:
                    self._placeless.remove(event)
                else:
                    self._limits.manners.leave(done.host)
                self._queue.release(done)
                self._settle(event.result())

    def _foretell(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._foretold > FORETELLING:
            self._foretold = now
            self._forecast.tell(self._queue.seconds_left())

    def _start(self) -> int:
        """Send what may be sent; how many requests are under way."""
        while len(self._running) < self._limits.connections:
            request = self._queue.take()
            if request is None:
                break
            try:
                wait, turn = self._limits.manners.claim(request.host, self._limits.max_bytes), None
            except Spent as spent:
                wait, turn = 0.0, self._defer(request, str(spent))
            if wait:
                # another process has the places of this host
                self._queue.put_back(request)
                self._pause(request.host, wait)
                continue
            task = asyncio.create_task(turn or self._turn(request))
            self._running[task] = request
            self._placeless |= {task} if turn else set()
            task.add_done_callback(self._events.put_nowait)
        return len(self._running)

    def _turn(self, request: Request) -> Coroutine[Any, Any, Result | Request | RetryLater]:
        """What starts now: a look at the site's robots.txt, the refusal by it, or the request."""
        robots, host = self._robots, request.host
        if why := self._shut(request.url):
            return self._defer(replace(request, attempts=request.attempts - 1), why)
        if robots and (refused := robots.refusal(request.at)):
            return self._finish_response(_failed(request, refused, self._limits))
        self._pause(host, self._limits.manners.book(host))
        if robots and not robots.knows(request.at):
            self._queue.pause(host)
            return self._learn(request, robots)
        return self._step(request)

    def _defer(self, request: Request, why: str) -> Coroutine[Any, Any, Result]:
        """Leave a request to a later run."""
        deferred = FetchError(Outcome.DEFERRED, why)
        return self._finish_response(_failed(request, deferred, self._limits))

    async def _learn(self, request: Request, robots: Robots) -> Result | Request | RetryLater:
        """Ask a site for its robots.txt while its other requests wait; this one waits again."""
        try:
            await robots.learn(request, self._client)
            return request
        except FetchError as error:
            return await self._fail(request, error)
        finally:
            self._pause(request.host, self._limits.manners.left(request.host))
            self._events.put_nowait(request.host)

    def _settle(self, result: Result | Request | RetryLater) -> None:
        if isinstance(result, Request):
            self._queue.add(result, first=True)
        elif isinstance(result, RetryLater):
            self._delayed += 1
            loop = asyncio.get_running_loop()
            loop.call_later(result.pause, self._events.put_nowait, result.request)
        else:
            self._deliver(result)

    async def _step(self, request: Request) -> Result | Request | RetryLater:
        """Send one request: its result, its next redirect, or its next attempt."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            seconds = self._limits.timeout - request.spent
            got = await self._client.get(request.at, seconds, request.trail)
        except FetchError as error:
            spent = replace(request, spent=request.spent + loop.time() - begun)
            return await self._fail(spent, error)
        if isinstance(got, Redirect):
            spent = replace(request, spent=request.spent + loop.time() - begun)
            return spent.next_hop(got) or await self._finish_response(_too_many_redirects(spent))
        self._pause(request.host, self._limits.manners.spend(request.host, len(got)))
        done = Response(request.url, request.at, Outcome.OK, "", request.attempts, got)
        return await self._finish_response(done)

    async def _fail(self, request: Request, error: FetchError) -> Result | RetryLater:
        self._throttle(request.host, error.wait or 0.0)
        self._pause(request.host, self._limits.manners.spend(request.host, error.came))
        again = self._retry(request, error)
        return again or await self._finish_response(_failed(request, error, self._limits))

    def _throttle(self, host: str, wait: float) -> None:
        """Throttle all URLs of a host for the seconds it asks for, within bounds."""
        now = asyncio.get_running_loop().time()
        # what others under way were told at the same time is one pause
        longer = now + wait - max(self._paused_until.get(host, 0.0), now)
        paused = self._paused.get(host, 0.0) + longer
        if longer <= 0 or wait > self._limits.max_wait or paused > self._limits.max_throttle:
            return
        self._paused_until[host], self._paused[host] = now + wait, paused
        self._pause(host, wait)

    def _pause(self, host: str, seconds: float) -> None:
        if seconds > 0:
            self._queue.pause(host)
            asyncio.get_running_loop().call_later(seconds, self._events.put_nowait, host)

    def _retry(self, request: Request, error: FetchError) -> RetryLater | None:
        """The next attempt, or None when there is to be none."""
        pause = _backoff(request, error, self._limits)
        spendable = self._limits.timeout - request.spent
        if (
            not error.outcome.is_passing
            or request.attempts > self._limits.retries
            or pause > self._limits.max_wait
            or spendable < TOO_LITTLE
        ):
            return None
        again = Request(
            request.url, request.url, attempts=request.attempts + 1, spent=request.spent
        )
        return RetryLater(again, pause)

    async def _finish_response(self, response: Response) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._finishers, self._finish, response)

    async def _stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._limits.manners.leave_all()


def _too_many_redirects(request: Request) -> Response:
    detail = f"more than {HOPS} redirects"
    return Response(request.url, request.at, Outcome.REDIRECT_LOOP, detail, request.attempts)


def _failed(request: Request, error: FetchError, limits: Limits) -> Response:
    outcome, detail = error.outcome, error.detail
    if error.wait is not None and error.wait > limits.max_wait:
        outcome, detail = Outcome.DEFERRED, f"{detail}, Retry-After {error.wait:.0f} s"
    if request.trail:
        detail = f"{detail} (redirect {len(request.trail)})"
    return Response(request.url, request.at, outcome, detail, request.attempts)


def _backoff(request: Request, error: FetchError, limits: Limits) -> float:
    """The seconds before the next attempt: the server's, else exponential backoff with jitter."""
    if error.wait is not None:
        return error.wait
    spread = random.Random(f"{limits.seed} {request.attempts} {request.url}").uniform(0.5, 1.5)
    doubled = limits.first_backoff * 2.0 ** (request.attempts - 1) * spread
    return min(doubled, limits.max_wait)
