"""Asks questions about hostile data in processes of their own, which may die without harm.

Not multiprocessing: its processes import the program that was started anew, which for a command
that runs flows takes seconds, or are forks of a process in which threads hold locks.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Pipe
from typing import IO, Any

from foodcls.errors import StageError, StoreError
from foodcls.inspect.sandbox_worker import READY, WAITING, pack, unpack

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from foodcls.inspect.sandbox_worker import serve;"
    "serve(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))"
)
# a machine that is busy takes ten times as long as one that is not: 0.4 s
START_SECONDS = 120
# from the end of a process's line to its own
LAST_SECONDS = 10
CRASH, TIMEOUT = "decoder_crash", "timeout"


@dataclass(frozen=True)
class Allowance:
    """What a question may use before its process is ended."""

    memory: int  # bytes beyond what the process holds at first
    cpu: int  # seconds of computing, however busy the machine
    wall: float = 600  # seconds by the clock, for what waits for ever


class Lost(Exception):
    """A question that ended its process; `reason` is decoder_crash or timeout."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Children:
    """Processes that start when they are needed; `end` ends those that are idle.

    `function` is `module:name`, see `confined.serve`. Threads may ask at the same time.
    """

    def __init__(self, function: str, allowance: Allowance) -> None:
        self._function = function
        self._allowance = allowance
        self._slots = threading.Semaphore(os.cpu_count() or 1)
        self._idle: deque[_Child] = deque()
        # what asks for it needs much memory; a child that asks twice must not wait for itself
        self._gate = threading.RLock()

    def end(self) -> None:
        """End the processes that are not answering."""
        while self._idle:
            self._idle.pop().end()

    def ask(self, question: dict[str, Any]) -> Any:
        """The answer; Lost when the process died of the question.

        What stands under `data` in either are bytes.
        """
        with self._slots:
            child = self._idle.pop() if self._idle else _Child(self._function, self._allowance)
            try:
                answer = child.ask(question, self._gate)
            except BaseException:
                child.end()
                raise
            self._idle.append(child)
        if "stopped" in answer:
            raise StoreError(answer["stopped"])
        if "failed" in answer:
            raise Lost(CRASH, answer["failed"])
        value = answer["value"]
        return {**value, "data": answer["data"]} if "data" in answer else value


@lru_cache
def hire(function: str, allowance: Allowance) -> Children:
    """This process's children for a function: the next batch finds them warm.

    They end with the process that asks, however it ends.
    """
    return Children(function, allowance)


class _Child:
    """One process and the line to it."""

    def __init__(self, function: str, allowance: Allowance) -> None:
        self._allowance = allowance
        self._line, theirs = Pipe()
        with theirs, tempfile.TemporaryFile() as log:
            numbers = (theirs.fileno(), function, allowance.cpu, allowance.memory)
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, json.dumps(sys.path), *map(str, numbers)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
            # else its end would not be heard
            theirs.close()
            self._await_start(log)

    def ask(self, question: dict[str, Any], gate: threading.RLock) -> dict[str, Any]:
        try:
            self._line.send_bytes(pack(question))
            with ExitStack() as leave:
                while (answer := self._hear()) == WAITING:
                    leave.enter_context(gate)
                    self._line.send_bytes(b"go on")
                return answer
        # the line broke, or what came over it is no message
        except (EOFError, OSError, ValueError) as error:
            raise self._explain() from error

    def end(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()

    def _hear(self) -> dict[str, Any]:
        if not self._line.poll(self._allowance.wall):
            raise Lost(TIMEOUT, f"no answer in {self._allowance.wall:g} s")
        return unpack(self._line.recv_bytes())

    def _await_start(self, log: IO[bytes]) -> None:
        try:
            if self._line.poll(START_SECONDS) and unpack(self._line.recv_bytes()) == READY:
                return
        except (EOFError, OSError, ValueError):
            pass
        self.end()
        log.seek(0)
        said = log.read().decode(errors="replace").strip()[-500:] or "it says nothing"
        raise StageError(
            f"the process that reads pictures does not start: {said}; free memory or processes, "
            "then run the same command again"
        )

    def _explain(self) -> Lost:
        """What the process died of."""
        try:
            code = self._process.wait(LAST_SECONDS)
        except subprocess.TimeoutExpired:
            return Lost(CRASH, "the process hung up")
        if code == -signal.SIGXCPU:
            return Lost(TIMEOUT, f"more than {self._allowance.cpu} s of computing")
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Lost(CRASH, f"the process ended by {name}")
