"""A folder keeps its blobs whole and its facts together, whatever threads and kills do."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from foodcls.errors import StoreError
from foodcls.store.local_store import Folder
from foodcls.store.store import Store, digest_of


def test_threads_that_put_the_same_blob_leave_one_whole(store: Store) -> None:
    data = os.urandom(1_000_000)
    threads = [threading.Thread(target=store.put, args=(data,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    folder = store.path(digest_of(data)).parent
    assert store.is_whole(digest_of(data)) and len(list(folder.iterdir())) == 1


def test_facts_and_blobs_outlive_a_kill(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, itertools\n"
        "from foodcls.store.store import Store\n"
        f"store = Store(pathlib.Path({str(tmp_path / 's')!r}))\n"
        "for i in itertools.count():\n"
        "    store.remember('n', {str(i): store.put(str(i).encode() * 10_000)})\n"
        "    print(i, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    last = [int(child.stdout.readline()) for _ in range(30)][-1]
    child.send_signal(signal.SIGKILL)
    child.wait()
    store = Store(tmp_path / "s")
    facts = store.recall("n", [str(i) for i in range(last + 1)])
    assert len(facts) == last + 1
    assert all(store.is_whole(digest) for digest in facts.values())


def test_a_full_disk_is_told_with_what_is_free(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "blobs").write_text("in the way")
    with pytest.raises(StoreError, match=r"\(1,234 bytes\).* [\d,]+ bytes.* are free"):
        folder.write("ab" * 32, bytes(1234), durable=False)


def test_damaged_facts_are_told_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "facts.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="move a damaged file away"):
        Folder(tmp_path).recall("n", ["k"])


def test_a_blob_that_goes_while_others_are_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, walk = Folder(tmp_path), os.walk
    digests = sorted(map(digest_of, (b"1", b"2")))
    for digest in digests:
        folder.write(digest, b"", durable=False)
    seen = list(walk(tmp_path / "blobs"))
    folder.remove(digests[:1], "blobs")
    monkeypatch.setattr(os, "walk", lambda place: seen)
    assert [name for name, *_ in folder.listing("blobs")] == digests[1:]
