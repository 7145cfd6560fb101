"""What the tests of this package share: rows of a manifest with their pictures in a store."""

import io
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from PIL import Image

from foodcls.curate.children import Allowance, Children
from foodcls.manifest import KEPT, new_manifest
from foodcls.store import Store

HOSTILE = """
import os, resource, signal, sys, time
from foodcls.errors import StoreError

def segfault(): os.kill(os.getpid(), signal.SIGSEGV)
def loop():
    while True: pass
def sleep(): time.sleep(1000)
def leave(): os._exit(3)
def hoard(): return [bytes(10**8) for _ in range(100)]
def stumble(): return {}["gone"]
def fill_disk(): raise StoreError("disk full; free space")
def who(): return os.getpid()
def say(): return print("noise", file=sys.stderr)
def limits(): return {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))[0]
                      for name in ("AS", "CORE", "CPU")}

def echo(question, gate):
    return {"length": len(question.get("data", b"")), "data": question.get("data", b"")[::-1]}

def do(question, gate):
    return globals()[question["deed"]]()

def wait(question, gate):
    with gate:
        start = time.monotonic()
        time.sleep(question["seconds"])
        return [start, time.monotonic()]

def examine(question, gate):
    from foodcls.curate.examine import examine as examine_really
    for deed in (segfault, loop, hoard):
        if question["data"].endswith(deed.__name__.encode()):
            deed()
    return examine_really(question, gate)
"""


@pytest.fixture(scope="session", autouse=True)
def warm_children() -> Iterator[None]:
    """One set of processes for all tests: some 140 starts of 0.4 s would be a minute."""

    @lru_cache
    def share(function: str, allowance: Allowance) -> SimpleNamespace:
        made.append(Children(function, allowance))
        return SimpleNamespace(ask=made[-1].ask, end=lambda: None)

    made: list[Children] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("foodcls.curate.inspect.hire", share)
        yield
    for children in made:
        children.end()


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module whose functions do to their process what hostile data may do."""
    (tmp_path / "hostile_deeds.py").write_text(HOSTILE)
    monkeypatch.syspath_prepend(tmp_path)
    return "hostile_deeds"


@pytest.fixture
def put_rows(store: Store) -> Callable[..., pd.DataFrame]:
    """A manifest of files put into the store: (bytes, label) or (bytes, label, more columns)."""

    def put(*files: tuple) -> pd.DataFrame:
        rows = []
        for number, (data, label, *more) in enumerate(files):
            plain = {
                "id": store.put(data),
                "label": label,
                "origin": f"http://127.0.0.1/pictures/{number:03}.jpg",
                "source": "urls",
                "bytes": len(data),
                "outcome": "ok",
                "state": KEPT,
            }
            rows.append(plain | (more[0] if more else {}))
        return new_manifest(rows)

    return put


@pytest.fixture
def png(encode: Callable[..., bytes], noise: Callable[..., Image.Image]) -> Callable[..., bytes]:
    """The bytes of a PNG of random patches."""
    return lambda seed, *size: encode(noise(seed, *size))


@pytest.fixture
def is_near() -> Callable[..., bool]:
    """Whether a picture's mean difference from a reference is at most `limit` of 255."""

    def compare(image: Image.Image, wanted: Image.Image, limit: float = 9) -> bool:
        import numpy as np

        if image.size != wanted.size:
            return False
        gap = np.abs(np.asarray(image, dtype=float) - np.asarray(wanted, dtype=float))
        return bool(gap.mean() <= limit)

    return compare


@pytest.fixture
def reread() -> Callable[[bytes], Image.Image]:
    """Open bytes as a viewer would."""
    return lambda data: Image.open(io.BytesIO(data))
