"""A sandbox for hostile data: a pool of processes that decode it and may die without harm.

Not multiprocessing: its processes import the program that was started anew, which for a command
that runs flows takes seconds, or are forks of a process in which threads hold locks.
"""

import json
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Pipe
from typing import IO, Any

from foodcls.errors import StageError
from foodcls.image.decode import BadPicture
from foodcls.inspect.sandbox_worker import READY, WAITING, pack, unpack

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from foodcls.inspect.sandbox_worker import serve;"
    "serve(*map(int, sys.argv[2:4]), sys.argv[4], *map(int, sys.argv[5:]))"
)
# a machine that is busy takes ten times as long as one that is not: 0.4 s
START_SECONDS = 120
# how long a process may take to end after its connection has broken
EXIT_SECONDS = 10
HEADER = struct.Struct("!i")  # a message's length, as multiprocessing's connections write it
MOST_READ = 1 << 20  # bytes at once
CRASH, TIMEOUT = "decoder_crash", "timeout"


@dataclass(frozen=True)
class ResourceLimits:
    """What one request may use before its process is ended."""

    memory: int  # bytes beyond what the process holds at first
    cpu: int  # seconds of computing, however busy the machine
    wall: float = 600  # seconds by the clock, for what waits for ever


class WorkerDied(BadPicture):
    """A request that ended its process; `reason` is decoder_crash or timeout."""


class WorkerPool:
    """Processes that start when they are needed; `end` ends those that are idle.

    `function` is `module:name`, see `sandbox_worker.serve`. Threads may ask at the same time.
    """

    def __init__(self, function: str, limits: ResourceLimits) -> None:
        self._function = function
        self._limits = limits
        self._slots = threading.Semaphore(os.cpu_count() or 1)
        self._idle: deque[_Worker] = deque()
        # held while a request needs much memory
        self._gate = threading.Lock()

    def end(self) -> None:
        """End the processes that have no request."""
        while worker := self._take_idle():
            worker.end()

    def ask(self, request: dict[str, Any]) -> Any:
        """The response to a request; WorkerDied when the process died of it.

        What either has under `data` are bytes.
        """
        with self._slots:
            answer = self._ask_idle(request) or self._ask(
                _Worker(self._function, self._limits), request
            )
        if "failed" in answer:
            raise WorkerDied(CRASH, answer["failed"])
        value = answer["value"]
        return {**value, "data": answer["data"]} if "data" in answer else value

    def _ask_idle(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer of a process that had no request; None where there is none, or it died."""
        if (worker := self._take_idle()) is None:
            return None
        try:
            return self._ask(worker, request)
        except WorkerDied as died:
            if died.reason == TIMEOUT:
                raise
            # what came before may have broken it, or others ended it: a new one tells
            return None

    def _ask(self, worker: "_Worker", request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = worker.ask(request, self._gate)
        except BaseException:
            worker.end()
            raise
        self._idle.append(worker)
        return answer

    def _take_idle(self) -> "_Worker | None":
        try:
            return self._idle.pop()
        # another thread may have taken the last
        except IndexError:
            return None


@lru_cache
def get_pool(function: str, limits: ResourceLimits) -> WorkerPool:
    """The one pool of this process for a function, so that the next batch finds it started.

    Its workers end with this process, however it ends.
    """
    return WorkerPool(function, limits)


class _Worker:
    """One process and the pipes to it and from it: one for both would take the time of three."""

    def __init__(self, function: str, limits: ResourceLimits) -> None:
        self._limits = limits
        try:
            self._start(function)
        # too many files, or no room for a process
        except OSError as error:
            raise _cannot_start(str(error)) from error

    def _start(self, function: str) -> None:
        limits = self._limits
        requests, self._requests = Pipe(duplex=False)
        self._answers, answers = Pipe(duplex=False)
        with requests, answers, tempfile.TemporaryFile() as log:
            theirs = (requests.fileno(), answers.fileno())
            words = (*theirs, function, limits.cpu, limits.memory)
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, json.dumps(sys.path), *map(str, words)],
                pass_fds=theirs,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
            # otherwise the end of the process would not be noticed
            requests.close()
            answers.close()
            os.set_blocking(self._requests.fileno(), False)
            self._await_start(log)

    def ask(self, request: dict[str, Any], gate: threading.Lock) -> dict[str, Any]:
        try:
            self._send(pack(request))
            # once: what a picture has taken over might ask without end
            if (answer := self._receive()) == WAITING:
                with gate:
                    self._send(b"go on")
                    answer = self._receive()
            if not _is_answer(answer):
                raise ValueError("an answer of another kind")
            return answer
        # the connection broke, or what came is no message, or one that is nested without end
        except (EOFError, OSError, ValueError, TypeError, RecursionError) as error:
            raise self._why_died() from error

    def end(self) -> None:
        self._requests.close()
        self._answers.close()
        self._process.kill()
        self._process.wait()

    def _send(self, message: bytes) -> None:
        """As `Connection.send_bytes`, but a worker that does not read is not waited for."""
        pipe, end = self._requests.fileno(), time.monotonic() + self._limits.wall
        ready = select.poll()
        ready.register(pipe, select.POLLOUT)
        left = memoryview(HEADER.pack(len(message)) + message)
        while left:
            if not ready.poll(_left(end) * 1000):
                raise self._timeout()
            left = left[os.write(pipe, left) :]

    def _receive(self) -> dict[str, Any]:
        """As `Connection.recv_bytes`, but the whole of it within the limit."""
        end = time.monotonic() + self._limits.wall
        (length,) = HEADER.unpack(self._read(HEADER.size, end))
        # a decoder that a picture has taken over may tell any length
        if not 0 <= length <= self._limits.memory:
            raise OSError("bad message length")
        return unpack(self._read(length, end))

    def _read(self, count: int, end: float) -> bytes:
        found = bytearray()
        while len(found) < count:
            if not self._answers.poll(_left(end)):
                raise self._timeout()
            part = os.read(self._answers.fileno(), min(count - len(found), MOST_READ))
            if not part:
                raise EOFError
            found += part
        return bytes(found)

    def _timeout(self) -> WorkerDied:
        return WorkerDied(TIMEOUT, f"no answer in {self._limits.wall:g} s")

    def _await_start(self, log: IO[bytes]) -> None:
        try:
            ready = self._answers.poll(START_SECONDS)
            if ready and unpack(self._answers.recv_bytes()) == READY:
                return
        except (EOFError, OSError, ValueError):
            pass
        self.end()
        log.seek(0)
        said = log.read().decode(errors="replace").strip()[-500:] or "it says nothing"
        raise _cannot_start(said)

    def _why_died(self) -> WorkerDied:
        """What the process died of."""
        try:
            code = self._process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return WorkerDied(CRASH, "the process hung up")
        if code == -signal.SIGXCPU:
            return WorkerDied(TIMEOUT, f"more than {self._limits.cpu} s of computing")
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return WorkerDied(CRASH, f"the process ended by {name}")


def _is_answer(message: object) -> bool:
    return isinstance(message, dict) and (
        "failed" in message or isinstance(message.get("value"), dict) or message.keys() == {"value"}
    )


def _left(end: float) -> float:
    return max(0.0, end - time.monotonic())


def _cannot_start(why: str) -> StageError:
    return StageError(
        f"the process that reads pictures does not start: {why}; free memory or processes, "
        "then run the same command again"
    )
