import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from foodcls.errors import StoreError
from foodcls.store import ASIDE, Store, digest_file, digest_json, digest_of, replacing


def test_blob_comes_back_by_its_digest(store: Store) -> None:
    digest = store.put(b"soup")
    assert digest == digest_of(b"soup")
    assert store.read(digest) == b"soup"
    assert store.has(digest) and store.is_whole(digest)


def test_absent_blob_is_named(store: Store) -> None:
    digest = digest_of(b"never")
    assert not store.has(digest) and not store.is_whole(digest) and not store.has("")
    with pytest.raises(StoreError, match=digest):
        store.read(digest)


@pytest.mark.parametrize("damaged", [b"sou", b"soap", b""], ids=["torn", "changed", "empty"])
def test_a_damaged_blob_is_not_whole_and_is_written_anew(store: Store, damaged: bytes) -> None:
    digest = store.put(b"soup")
    store.path(digest).write_bytes(damaged)
    assert store.has(digest) and not store.is_whole(digest)
    store.put(b"soup")
    assert store.is_whole(digest)


def test_a_damaged_blob_is_not_read_but_set_aside(store: Store) -> None:
    """As many bytes as before, as after a power cut: only the digest tells."""
    digest = store.put(b"soup")
    store.path(digest).write_bytes(b"soap")
    with pytest.raises(StoreError, match=f"{digest} was damaged .* run the same command again"):
        store.read(digest)
    assert not store.has(digest) and (store.root / ASIDE / digest).read_bytes() == b"soap"
    store.put(b"soup")
    assert store.read(digest) == b"soup"
    assert [path.name for path in store.blobs()] == [digest]


def test_what_is_noted_outlives_an_error(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.noting("n") as note:
        note("a", 1)
        assert store.recall("n", ["a"]) == {}
        raise KeyboardInterrupt
    assert store.recall("n", ["a"]) == {"a": 1}


def test_what_is_noted_is_written_when_it_is_time(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("foodcls.store.PACE", 0)
    with store.noting("n") as note:
        note("a", 1)
        assert store.recall("n", ["a"]) == {"a": 1}


def test_threads_that_put_the_same_blob_leave_one_whole(store: Store) -> None:
    data = os.urandom(1_000_000)
    threads = [threading.Thread(target=store.put, args=(data,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    folder = store.path(digest_of(data)).parent
    assert store.is_whole(digest_of(data)) and len(list(folder.iterdir())) == 1


def test_facts_are_recalled_by_kind_and_key(store: Store) -> None:
    store.remember("hash", {f"k{i}": {"n": i} for i in range(1200)})
    store.remember("other", {"k1": "x"})
    found = store.recall("hash", [f"k{i}" for i in range(0, 2000, 2)])
    assert found == {f"k{i}": {"n": i} for i in range(0, 1200, 2)}


def test_later_fact_replaces_the_earlier(store: Store) -> None:
    store.remember("a", {"k": 1})
    store.remember("a", {"k": 2})
    assert store.recall("a", ["k"]) == {"k": 2}


def test_facts_and_blobs_outlive_a_kill(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, itertools\n"
        "from foodcls.store import Store\n"
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


def test_replacing_shows_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    with replacing(path) as part:
        part.write_text("one")
    with pytest.raises(RuntimeError), replacing(path) as part:
        part.write_text("two")
        assert path.read_text() == "one"
        raise RuntimeError
    assert path.read_text() == "one" and list(path.parent.iterdir()) == [path]


def test_a_reader_never_sees_a_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    program = (
        "import sys; from pathlib import Path; from foodcls.store import replacing\n"
        "for letter in 'ab' * 100_000:\n"
        f"    with replacing(Path({str(path)!r})) as part: part.write_text(letter * 200_000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as writer:
        while not path.exists():
            time.sleep(0.01)
        seen = {path.read_text() for _ in range(1000)}
        writer.kill()
    assert seen <= {"a" * 200_000, "b" * 200_000} and len(seen) == 2


def test_folder_digest_follows_names_and_contents(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "x").write_text("1")
    (tmp_path / "b" / "x").write_text("1")
    (tmp_path / "c" / "y").write_text("1")
    digests = [digest_file(tmp_path / name) for name in ("a", "b", "c")]
    assert digests[0] == digests[1] != digests[2]


def test_json_digest_ignores_the_order_of_keys() -> None:
    assert digest_json({"a": 1, "b": [2]}) == digest_json({"b": [2], "a": 1})
    assert digest_json({"a": 1}) != digest_json({"a": "1"})
