"""Answers questions about hostile data one by one, within limits that end it when it breaks them.

The other end is foodcls.inspect.sandbox. It believes nothing but JSON; what stands under `data`,
in a question or an answer, are bytes, which travel behind it as they are.
"""

import importlib
import json
import math
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from foodcls.errors import FoodclsError
from foodcls.image.decode import BadPicture, decode, png_bytes
from foodcls.image.hashes import look_at
from foodcls.image.quality import measure

# the function that `inspect` has called, as `serve` is told it
EXAMINE = "foodcls.inspect.sandbox_worker:examine"
READY = {"ready": True}
# the question needs much memory: asks for leave, so that one at a time does
WAITING = {"waiting": True}

Question = dict[str, Any]
Gate = AbstractContextManager[object]


def serve(handle: int, function: str, cpu: int, memory: int) -> None:
    """Answer until the other end closes; `function` is `module:name` of a (question, gate) -> JSON.

    `cpu` are seconds for each question, `memory` bytes beyond what the process holds at first.
    """
    # Ctrl-C is for the process that asks; it closes this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(handle)
    answer = _find(function)
    _hush()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, _address_space() + memory)
    _send(connection, READY)
    while True:
        try:
            question = unpack(connection.recv_bytes())
        except EOFError:
            return
        _limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + cpu)
        _send(connection, _answer(answer, question, connection))


def pack(message: dict[str, Any]) -> bytes:
    """A message as bytes: JSON, which holds no line break, then what it has under `data`."""
    head = {name: value for name, value in message.items() if name != "data"}
    return b"\n".join([json.dumps(head).encode(), message.get("data", b"")])


def unpack(raw: bytes) -> dict[str, Any]:
    """A message from bytes; ValueError when it is none."""
    head, _, data = raw.partition(b"\n")
    message: dict[str, Any] = json.loads(head)
    return message | {"data": data} if data else message


def examine(question: Question, gate: Gate) -> dict[str, Any]:
    """Decode one picture: its `fact` for inspect and, of a sound one, its `look` and `measures`.

    `question` has the `data`, `max_pixels`, `min_side` and `hash_kind`. The `data` of the answer
    are the pixels as PNG, where the picture is not plain RGB. No place is named: who breaks out of
    a decoder here knows of no store.
    """
    try:
        picture = decode(
            question.get("data", b""), question["max_pixels"], question["min_side"], gate
        )
    except BadPicture as bad:
        return {"fact": {"reason": bad.reason, "detail": bad.detail}}
    look = look_at(picture.image, question["hash_kind"])
    fact = {
        "format": picture.format,
        "width": picture.image.width,
        "height": picture.image.height,
        "hash": look.hash,
        "mirror_hash": look.mirror_hash,
    }
    told = {"fact": fact, "look": asdict(look), "measures": asdict(measure(picture.image))}
    return told if picture.is_plain else told | {"data": png_bytes(picture.image)}


def _find(function: str) -> Callable[[Question, Gate], Any]:
    module, _, name = function.partition(":")
    found: Callable[[Question, Gate], Any] = getattr(importlib.import_module(module), name)
    return found


def _answer(
    function: Callable[[Question, Gate], Any], question: Question, connection: Connection
) -> dict[str, Any]:
    try:
        return _value(function(question, _gate(connection)))
    # a full disk is no fault of the data: the run has to know
    except FoodclsError as error:
        return {"stopped": str(error)}
    # one picture is never worth a run, whatever it does to libraries that were not made for it
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"[:200]}


def _value(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {"value": value}
    plain = {name: item for name, item in value.items() if name != "data"}
    return {"value": plain, "data": value.get("data", b"")}


@contextmanager
def _gate(connection: Connection) -> Iterator[None]:
    _send(connection, WAITING)
    connection.recv_bytes()
    yield


def _send(connection: Connection, message: dict[str, Any]) -> None:
    connection.send_bytes(pack(message))


def _limit(kind: int, value: int) -> None:
    # a process may have been started with less
    hard = resource.getrlimit(kind)[1]
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (soft, hard))


def _address_space() -> int:
    """Bytes that this process has mapped."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _hush() -> None:
    # codecs written in C print what they dislike
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
