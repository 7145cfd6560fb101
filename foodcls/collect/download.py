"""Turns many URLs into one response each; knows nothing of what the bytes are for.

Redirects are followed, and what failed for a while is retried with exponential backoff. A rate
limit that a server sets by Retry-After is heeded: all URLs of that host are throttled. So is
robots.txt, which each site is asked for before anything else.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Generic, TypeAlias, TypeVar

from foodcls.collect.hosts.host_queue import HostQueue
from foodcls.collect.hosts.shared import DayLimitReached
from foodcls.collect.http_client import HttpClient, Redirect
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import PASSING, FetchError, Outcome, Response
from foodcls.collect.request import Request, RetryLater, Share, backoff, failed, too_many_redirects
from foodcls.collect.robots import Robots
from foodcls.progress import Forecast

Result = TypeVar("Result")
Shut = Callable[[str], str]
# a result, where a redirect leads, or when to try again
Ended: TypeAlias = Result | Request | RetryLater

# look-ups of names block a thread each, and a dead name server must not hold up the others
LOOKUPS = 64
# threads that digest and write bodies; more do not help one disk
FINISHERS = 4
# seconds on the network below which another attempt is not worth its start
TOO_LITTLE = 0.05
WATCHING = 1.0  # seconds between two looks at whether a share is still waited for
FORETELLING = 0.1  # seconds between two forecasts of the end: each looks at all hosts
FORETELLING_SHARE = 0.05  # of the time, which is more seconds where hosts are many


class Download(Generic[Result]):
    """Fetches many URLs; what `finish` makes of each response goes to `deliver`.

    `finish` runs in another thread, so that it may digest and write; bodies live until it
    returns, so at most `connections` of them are held, and a few that wait for it.
    """

    def __init__(
        self,
        limits: Limits,
        finish: Callable[[Response], Result],
        deliver: Callable[[Result], None],
        robots: Robots | None = None,
        forecast: Forecast | None = None,
        shut: Shut = lambda url: "",
        share: Share | None = None,
    ) -> None:
        self._limits = limits
        self._finish = finish
        self._deliver = deliver
        self._robots = robots
        self._forecast = forecast or Forecast()
        self._shut = shut
        self._foretell_at = 0.0
        self._queue = HostQueue(limits.per_host, limits.limiter)
        self._running: dict[asyncio.Task[Ended[Result]], Request] = {}
        self._placeless = set[asyncio.Task[Ended[Result]]]()
        # by identity: where a host fails many, a list would be looked through for each
        self._delayed: dict[int, Request] = {}
        self._share = share
        self._ends = math.inf
        # what other shares or later ones have to do, and for how many seconds to leave hosts alone
        self.left: list[Request] = []
        self.waits: dict[str, float] = {}
        # until when hosts are throttled, and for how many seconds they have been
        self._paused_until: dict[str, float] = {}
        self.throttled: dict[str, float] = dict(share.throttled) if share else {}

    async def run(self, urls: Iterable[str | Request]) -> None:
        """Fetch all URLs, or those of the share; an exception of `finish` ends the run."""
        self._events = asyncio.Queue[asyncio.Task[Ended[Result]] | Request | str | None]()
        for url in urls:
            self._queue.add(request := Request(url, at=url) if isinstance(url, str) else url)
            self._pause(request.host, self._limits.limiter.left(request.host))
        loop = asyncio.get_running_loop()
        if self._share:
            self._ends = loop.time() + self._share.seconds
            loop.call_later(self._share.seconds, self._events.put_nowait, None)
            self._watch()
            for host, seconds in self._share.waits.items():
                self._paused_until[host] = loop.time() + seconds
                self._pause(host, seconds)
        loop.set_default_executor(ThreadPoolExecutor(LOOKUPS))
        with ThreadPoolExecutor(FINISHERS) as self._finishers:
            async with HttpClient(self._limits) as self._client:
                try:
                    await self._work()
                finally:
                    await self._stop()
        self.left += [*self._queue.drain(), *self._delayed.values()]
        for host in self._share.hosts if self._share else ():
            paused = self._paused_until.get(host, 0.0) - loop.time()
            self.waits[host] = max(paused, self._limits.limiter.left(host))

    @property
    def _is_open(self) -> bool:
        is_wanted = not self._share or self._share.is_wanted()
        return is_wanted and asyncio.get_running_loop().time() < self._ends

    async def _work(self) -> None:
        while self._start() or (self._is_open and (self._delayed or not self._queue.is_empty)):
            event = await self._events.get()
            self._foretell()
            if isinstance(event, str):
                self._queue.resume(event)
            elif isinstance(event, Request):
                del self._delayed[id(event)]
                self._queue.add(event)
            elif event is not None:
                done = self._running.pop(event)
                if event in self._placeless:
                    self._placeless.remove(event)
                else:
                    self._limits.limiter.leave(done.host)
                self._queue.release(done)
                self._settle(event.result())

    def _watch(self) -> None:
        self._events.put_nowait(None)
        asyncio.get_running_loop().call_later(WATCHING, self._watch)

    def _foretell(self) -> None:
        clock = asyncio.get_running_loop().time
        if (now := clock()) > self._foretell_at:
            self._forecast.tell(self._queue.seconds_left())
            self._foretell_at = now + max(FORETELLING, (clock() - now) / FORETELLING_SHARE)

    def _start(self) -> int:
        """Send what may be sent; how many requests are under way."""
        while len(self._running) < self._limits.connections and self._is_open:
            request = self._queue.take()
            if request is None:
                break
            wait, turn = 0.0, self._refuse(request)
            try:
                if not turn:
                    wait = self._limits.limiter.claim(request.host, self._limits.max_bytes)
            except DayLimitReached as spent:
                turn = self._defer(request, str(spent))
            if wait:
                # another process has the places of this host
                self._queue.put_back(request)
                self._pause(request.host, wait)
                continue
            self._running[task := asyncio.create_task(turn or self._turn(request))] = request
            self._placeless |= {task} if turn else set()
            task.add_done_callback(self._events.put_nowait)
        return len(self._running)

    def _refuse(self, request: Request) -> Coroutine[Any, Any, Result] | None:
        """What becomes of one that is not sent, which takes no place and no pause; else None."""
        if why := self._shut(request.url):
            return self._defer(replace(request, attempts=request.attempts - 1), why)
        robots = self._robots
        refused = request.forgotten(self._limits) or (robots and robots.refusal(request.at))
        return self._finish_response(failed(request, refused, self._limits)) if refused else None

    def _turn(self, request: Request) -> Coroutine[Any, Any, Ended[Result]]:
        """What starts now: a look at the site's robots.txt, or the request."""
        self._pause(request.host, self._limits.limiter.book(request.host))
        if self._robots and not self._robots.knows(request.at):
            self._queue.pause(request.host)
            return self._learn(request, self._robots)
        return self._step(request)

    def _defer(self, request: Request, why: str) -> Coroutine[Any, Any, Result]:
        """Leave a request to a later run."""
        error = FetchError(Outcome.DEFERRED, why)
        return self._finish_response(failed(request, error, self._limits))

    async def _learn(self, request: Request, robots: Robots) -> Ended[Result]:
        """Ask a site for its robots.txt while its other requests wait; this one waits again."""
        try:
            await robots.learn(request, self._client)
            return request
        except FetchError as error:
            return await self._fail(request, error)
        finally:
            self._pause(request.host, self._limits.limiter.left(request.host))
            self._events.put_nowait(request.host)

    def _settle(self, result: Ended[Result]) -> None:
        again = result.request if isinstance(result, RetryLater) else result
        if self._share and isinstance(again, Request) and again.host not in self._share.hosts:
            self.left.append(again)
        elif isinstance(result, Request):
            self._queue.add(result, first=True)
        elif isinstance(result, RetryLater):
            self._delayed[id(result.request)] = result.request
            loop = asyncio.get_running_loop()
            loop.call_later(result.pause, self._events.put_nowait, result.request)
        else:
            self._deliver(result)

    async def _step(self, request: Request) -> Ended[Result]:
        """Send one request: its result, its next redirect, or its next attempt."""
        loop = asyncio.get_running_loop()
        begun, seconds = loop.time(), self._limits.timeout - request.spent
        try:
            got = await self._client.get(request.at, seconds, request.trail)
        except FetchError as error:
            spent = replace(request, spent=request.spent + loop.time() - begun)
            return await self._fail(spent, error)
        if isinstance(got, Redirect):
            spent = replace(request, spent=request.spent + loop.time() - begun)
            return spent.next_hop(got) or await self._finish_response(too_many_redirects(spent))
        self._pause(request.host, self._limits.limiter.spend(request.host, len(got)))
        done = Response(request.url, request.at, Outcome.OK, "", request.attempts, got)
        return await self._finish_response(done)

    async def _fail(self, request: Request, error: FetchError) -> Result | RetryLater:
        self._throttle(request.host, error.wait or 0.0)
        self._pause(request.host, self._limits.limiter.spend(request.host, error.came))
        again = self._retry(request, error)
        return again or await self._finish_response(failed(request, error, self._limits))

    def _throttle(self, host: str, wait: float) -> None:
        """Throttle all URLs of a host for the seconds it asks for, within bounds."""
        now = asyncio.get_running_loop().time()
        # what others under way were told at the same time is one pause
        longer = now + wait - max(self._paused_until.get(host, 0.0), now)
        throttled = self.throttled.get(host, 0.0) + longer
        if longer <= 0 or wait > self._limits.max_wait or throttled > self._limits.max_throttle:
            return
        self._paused_until[host], self.throttled[host] = now + wait, throttled
        self._pause(host, wait)

    def _pause(self, host: str, seconds: float) -> None:
        if seconds > 0:
            self._queue.pause(host)
            asyncio.get_running_loop().call_later(seconds, self._events.put_nowait, host)

    def _retry(self, request: Request, error: FetchError) -> RetryLater | None:
        """The next attempt, or None when there is to be none."""
        pause = backoff(request, error, self._limits)
        spendable, limits = self._limits.timeout - request.spent, self._limits
        is_last = request.attempts > limits.retries or pause > limits.max_wait
        if is_last or spendable < TOO_LITTLE or error.outcome not in PASSING:
            return None
        again = replace(request, at=request.url, trail=(), attempts=request.attempts + 1)
        return RetryLater(again, pause)

    async def _finish_response(self, response: Response) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._finishers, self._finish, response)

    async def _stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._limits.limiter.leave_all()
