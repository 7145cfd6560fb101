"""Turns many URLs into one answer each: redirects followed, passing trouble tried again."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from foodcls.collect.host_queue import Errand, Turns
from foodcls.collect.http_client import Moved, Wire
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import Outcome, Trouble
from foodcls.collect.ssrf_guard import Address

Result = TypeVar("Result")

HOPS = 5
# look-ups of names block a thread each, and a dead name server must not hold up the others
LOOKUPS = 64
# threads that digest and write bodies; more do not help one disk
FINISHERS = 4
# seconds on the network below which another attempt is not worth its start
TOO_LITTLE = 0.05


@dataclass(frozen=True)
class Answer:
    """How a URL ended, and its bytes if it ended well."""

    url: str
    at: str  # where redirects led
    outcome: Outcome
    detail: str
    attempts: int
    body: bytes = b""


@dataclass(frozen=True)
class Rest:
    """An errand that is to go on after a pause of some seconds."""

    errand: Errand
    pause: float


class Download(Generic[Result]):
    """One run over many URLs; what `finish` makes of each answer goes to `deliver`.

    `finish` runs in another thread, so that it may digest and write; bodies live until it
    returns, so at most `connections` of them are held, and a few that wait for it.
    """

    def __init__(
        self,
        limits: Limits,
        hosts: Mapping[str, Address],
        finish: Callable[[Answer], Result],
        deliver: Callable[[Result], None],
    ) -> None:
        self._limits = limits
        self._hosts = hosts
        self._finish = finish
        self._deliver = deliver
        self._turns = Turns(limits.per_host)
        self._running: dict[asyncio.Task[Result | Errand | Rest], Errand] = {}
        self._resting = 0
        # until when hosts rest, and how many seconds of it there have been
        self._until: dict[str, float] = {}
        self._rested: dict[str, float] = {}

    async def run(self, urls: Iterable[str]) -> None:
        """Fetch all URLs; an exception of `finish` ends the run."""
        self._events: asyncio.Queue[asyncio.Task[Result | Errand | Rest] | Errand | str]
        self._events = asyncio.Queue()
        for url in urls:
            self._turns.add(Errand(url, at=url))
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(LOOKUPS))
        with ThreadPoolExecutor(FINISHERS) as self._finishers:
            async with Wire(self._limits, self._hosts) as self._wire:
                try:
                    await self._work()
                finally:
                    await self._stop()

    async def _work(self) -> None:
        while self._start() or self._resting or not self._turns.are_over:
            event = await self._events.get()
            if isinstance(event, str):
                self._turns.wake(event)
            elif isinstance(event, Errand):
                self._resting -= 1
                self._turns.add(event)
            else:
                self._turns.give_back(self._running.pop(event))
                self._settle(event.result())

    def _start(self) -> int:
        """Start what may start; how many errands are under way."""
        while len(self._running) < self._limits.connections:
            errand = self._turns.take()
            if errand is None:
                break
            task = asyncio.create_task(self._step(errand))
            self._running[task] = errand
            task.add_done_callback(self._events.put_nowait)
        return len(self._running)

    def _settle(self, result: Result | Errand | Rest) -> None:
        if isinstance(result, Errand):
            self._turns.add(result)
        elif isinstance(result, Rest):
            self._resting += 1
            loop = asyncio.get_running_loop()
            loop.call_later(result.pause, self._events.put_nowait, result.errand)
        else:
            self._deliver(result)

    async def _step(self, errand: Errand) -> Result | Errand | Rest:
        """One request: its end, its next hop, or its next attempt."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            got = await self._wire.visit(errand.at, self._limits.timeout - errand.spent)
        except Trouble as trouble:
            spent = replace(errand, spent=errand.spent + loop.time() - begun)
            self._heed(errand.host, trouble.wait or 0.0)
            again = self._again(spent, trouble)
            return again or await self._end(_verdict(spent, trouble, self._limits))
        if isinstance(got, Moved):
            spent = replace(errand, spent=errand.spent + loop.time() - begun)
            return _next_hop(spent, got) or await self._end(_lost(spent))
        return await self._end(_answer(errand, got))

    def _heed(self, host: str, wait: float) -> None:
        """Let a host rest for the seconds it asks for, all its URLs and within bounds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        # what others under way were told at the same time is one rest
        longer = until - max(self._until.get(host, 0.0), loop.time())
        rested = self._rested.get(host, 0.0) + longer
        if longer <= 0 or wait > self._limits.longest_wait or rested > self._limits.longest_rest:
            return
        self._until[host], self._rested[host] = until, rested
        self._turns.rest(host)
        loop.call_later(wait, self._events.put_nowait, host)

    def _again(self, errand: Errand, trouble: Trouble) -> Rest | None:
        """The next attempt, or None when there is to be none."""
        pause = _pause(errand, trouble, self._limits)
        spendable = self._limits.timeout - errand.spent
        if (
            not trouble.outcome.is_passing
            or errand.attempts > self._limits.retries
            or pause > self._limits.longest_wait
            or spendable < TOO_LITTLE
        ):
            return None
        again = Errand(errand.url, errand.url, attempts=errand.attempts + 1, spent=errand.spent)
        return Rest(again, pause)

    async def _end(self, answer: Answer) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._finishers, self._finish, answer)

    async def _stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _next_hop(errand: Errand, moved: Moved) -> Errand | None:
    if errand.hops >= HOPS:
        return None
    return replace(errand, at=moved.url, hops=errand.hops + 1)


def _lost(errand: Errand) -> Answer:
    detail = f"more than {HOPS} redirects"
    return Answer(errand.url, errand.at, Outcome.REDIRECT_LOOP, detail, errand.attempts)


def _answer(errand: Errand, body: bytes) -> Answer:
    return Answer(errand.url, errand.at, Outcome.OK, "", errand.attempts, body)


def _verdict(errand: Errand, trouble: Trouble, limits: Limits) -> Answer:
    outcome, detail = trouble.outcome, trouble.detail
    if trouble.wait is not None and trouble.wait > limits.longest_wait:
        outcome, detail = Outcome.DEFERRED, f"{detail}, Retry-After {trouble.wait:.0f} s"
    if errand.hops:
        detail = f"{detail} (redirect {errand.hops})"
    return Answer(errand.url, errand.at, outcome, detail, errand.attempts)


def _pause(errand: Errand, trouble: Trouble, limits: Limits) -> float:
    """What the server asked for, or twice as long each time, spread by a seeded half."""
    if trouble.wait is not None:
        return trouble.wait
    spread = random.Random(f"{limits.seed} {errand.attempts} {errand.url}").uniform(0.5, 1.5)
    doubled = limits.first_pause * 2.0 ** (errand.attempts - 1) * spread
    return min(doubled, limits.longest_wait)
