"""The sandbox's worker: decodes hostile data within limits that end the process at a breach.

The other end is foodcls.inspect.sandbox. It trusts nothing but JSON; what a request or a response
has under `data` are bytes, which follow the JSON as they are.
"""

import json
import math
import os
import pkgutil
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from foodcls.image.decode import BadPicture, decode, png_bytes
from foodcls.image.hashes import TABLE_KIND, fingerprint
from foodcls.image.quality import measure
from foodcls.work.memory import keep_freed_memory

# the function that `inspect` has called, as `serve` is told it
EXAMINE = "foodcls.inspect.sandbox_worker:examine"
READY = {"ready": True}
# the request needs much memory: asks for permission, so that only one does at a time
WAITING = {"waiting": True}

Message = dict[str, Any]
Gate = AbstractContextManager[object]


def serve(requests: int, answers: int, function: str, cpu: int, memory: int) -> None:
    """Answer until the other end closes; `function` is `module:name` of a (request, gate) -> JSON.

    `requests` and `answers` are handles of pipes. `cpu` are seconds for each request, `memory`
    bytes beyond what the process holds at first.
    """
    # Ctrl-C is for the process that asks; it closes this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked, told = Connection(requests, writable=False), Connection(answers, readable=False)
    answer = pkgutil.resolve_name(function)
    _silence_stderr()
    keep_freed_memory()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, _address_space() + memory)
    told.send_bytes(pack(READY))
    while True:
        try:
            request = unpack(asked.recv_bytes())
        except EOFError:
            return
        _limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + cpu)
        told.send_bytes(pack(_answer(answer, request, _gate(asked, told))))


def pack(message: dict[str, Any]) -> bytes:
    """A message as bytes: JSON, which has no line break, then what it has under `data`."""
    head = {name: value for name, value in message.items() if name != "data"}
    return b"\n".join([json.dumps(head).encode(), message.get("data", b"")])


def unpack(raw: bytes) -> dict[str, Any]:
    """A message from bytes; ValueError when it is none."""
    head, _, data = raw.partition(b"\n")
    message: dict[str, Any] = json.loads(head)
    return message | {"data": data} if data else message


def examine(request: Message, gate: Gate) -> dict[str, Any]:
    """Decode one picture: its `fact` for inspect; of a sound one `fingerprint` and `measures` too.

    `request` has the `data`, `max_pixels`, `min_side` and `hash_kind`. The `data` of the response
    are the pixels as PNG, where the picture is not plain RGB. The request names no path: code that
    breaks out of a decoder here learns of no store.
    """
    try:
        picture = decode(request.get("data", b""), request["max_pixels"], request["min_side"], gate)
    except BadPicture as bad:
        return {"fact": {"reason": bad.reason, "detail": bad.detail}}
    found = fingerprint(picture.image, request["hash_kind"])
    # whatever dedup compares: in the table one kind stands, so that any two tables can be compared
    shown = fingerprint(picture.image, TABLE_KIND)
    fact = {
        "format": picture.format,
        "width": picture.image.width,
        "height": picture.image.height,
        "hash": shown.hash,
        "mirror_hash": shown.mirror_hash,
    }
    measures = measure(picture.image, odd_profile=picture.odd_profile)
    told = {"fact": fact, "fingerprint": asdict(found), "measures": asdict(measures)}
    return told if picture.is_plain else told | {"data": png_bytes(picture.image)}


def _answer(function: Callable[[Message, Gate], Any], request: Message, gate: Gate) -> Message:
    try:
        return _value(function(request, gate))
    # one picture is never worth a run, whatever it does to libraries that were not made for it
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"[:200]}


def _value(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {"value": value}
    plain = {name: item for name, item in value.items() if name != "data"}
    return {"value": plain, "data": value.get("data", b"")}


@contextmanager
def _gate(asked: Connection, told: Connection) -> Iterator[None]:
    told.send_bytes(pack(WAITING))
    asked.recv_bytes()
    yield


def _limit(kind: int, value: int) -> None:
    # a process may have been started with less
    hard = resource.getrlimit(kind)[1]
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (soft, hard))


def _address_space() -> int:
    """Bytes that this process has mapped."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _silence_stderr() -> None:
    # codecs written in C print what they dislike
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
