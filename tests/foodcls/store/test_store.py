import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from foodcls.errors import StoreError
from foodcls.store import store as stores
from foodcls.store.disk import editing
from foodcls.store.local_store import ASIDE
from foodcls.store.store import (
    Store,
    digest_file,
    digest_json,
    digest_of,
    key_of,
    replacing,
    write_whole,
)


@pytest.fixture(params=["folder", "s3"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Store(tmp_path / "store")
    return Store(request.getfixturevalue("bucket"))


def test_blob_comes_back_by_its_digest(anywhere: Store) -> None:
    digest = anywhere.put(b"soup")
    assert digest == digest_of(b"soup") == anywhere.put(b"soup")
    assert anywhere.read(digest) == b"soup" and digest in anywhere.where(digest)
    assert anywhere.has(digest) and anywhere.is_whole(digest)


def test_absent_blob_is_named(anywhere: Store) -> None:
    digest = digest_of(b"never")
    assert not anywhere.has(digest) and not anywhere.is_whole(digest) and not anywhere.has("")
    with pytest.raises(StoreError, match=digest):
        anywhere.read(digest)


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
    with pytest.raises(StoreError, match=f"{digest} was damaged .* same command again"):
        store.read(digest)
    assert not store.has(digest) and (Path(store.root) / ASIDE / digest).read_bytes() == b"soap"
    store.put(b"soup")
    assert store.read(digest) == b"soup"
    assert [path.name for path in store.blobs()] == [digest]


def test_a_blob_that_the_disk_does_not_give_is_told_set_aside_and_written_anew(
    store: Store,
) -> None:
    digest = store.put(b"soup")
    path = store.path(digest)
    path.unlink()
    # the beginning of a process's memory is a file that gives an input/output error
    path.symlink_to("/proc/self/mem")
    assert store.has(digest) and not store.is_whole(digest)
    with pytest.raises(StoreError, match=f"blob {digest}, now in .*{ASIDE}: Input/output error"):
        store.read(digest)
    assert not store.has(digest)
    path.symlink_to("/proc/self/mem")
    assert store.put(b"soup") == digest and store.is_whole(digest)


def test_a_blob_that_may_not_be_read_is_told_and_stays(store: Store, powerless) -> None:
    digest = store.put(b"soup")
    store.path(digest).chmod(0)
    with powerless():
        assert not store.is_whole(digest)
        with pytest.raises(
            StoreError, match=f"blob {digest}, now in .*: Permission denied; mend that"
        ):
            store.read(digest)
    assert store.has(digest)


def test_a_store_that_may_not_be_changed_is_told(store: Store, powerless) -> None:
    digest = store.put(b"soup")
    store.path(digest).write_bytes(b"soap")
    for folder in (Path(store.root), store.path(digest).parent):
        folder.chmod(0o555)
    with powerless():
        for change in (store.read, lambda blob: store.remove([blob])):
            with pytest.raises(StoreError, match="Permission denied; .*with --workspace"):
                change(digest)


def test_an_object_store_sets_damaged_blobs_aside_too(bucket: str) -> None:
    import fsspec

    store = Store(bucket)
    digest = store.put(b"soup")
    files, _ = fsspec.url_to_fs(bucket)
    files.pipe_file(store.where(digest), b"soap")
    with pytest.raises(StoreError, match=f"{digest} was damaged .* same command again"):
        store.read(digest)
    assert not store.has(digest) and files.cat_file(f"{bucket}/damaged/{digest}") == b"soap"


def test_what_is_noted_outlives_an_error(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.noting("n") as note:
        note("a", 1)
        assert store.recall("n", ["a"]) == {}
        raise KeyboardInterrupt
    assert store.recall("n", ["a"]) == {"a": 1}


def test_what_is_noted_is_written_when_it_is_time(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("foodcls.store.store.PACE", 0)
    with store.noting("n") as note:
        note("a", 1)
        assert store.recall("n", ["a"]) == {"a": 1}


@pytest.mark.parametrize("count", [3, 300], ids=["few", "many"])
def test_what_lacks_is_found_at_once(anywhere: Store, count: int) -> None:
    kept = [anywhere.put(str(number).encode()) for number in range(0, count, 10)]
    never = {digest_of(str(number).encode()) for number in range(1, count, 10)}
    assert anywhere.lacking([*kept, *never]) == never and anywhere.lacking([]) == set()


def test_facts_are_recalled_by_kind_and_key(anywhere: Store) -> None:
    for start in (0, 40, 80):
        facts = {f"k{number}": {"n": number} for number in range(start, start + 40)}
        anywhere.remember("hash/1", facts)
    anywhere.remember("other", {"k1": "x"})
    found = anywhere.recall("hash/1", [f"k{number}" for number in range(0, 200, 2)])
    assert found == {f"k{number}": {"n": number} for number in range(0, 120, 2)}
    assert anywhere.recall("none", ["k1"]) == {} == anywhere.recall("other", [])


def test_a_batch_is_recalled_as_it_was_remembered(anywhere: Store) -> None:
    facts = {key: {"of": key} for key in ("https://a.test/ü", "b", "c" * 300)}
    anywhere.remember("n", facts)
    assert anywhere.recall_batch("n", facts) == facts == anywhere.recall("n", facts)
    assert anywhere.recall_batch("n", ["never"]) == {}


def test_later_fact_replaces_the_earlier(anywhere: Store) -> None:
    anywhere.remember("a", {"k": 1, "l": 1})
    anywhere.remember("a", {"k": 2, "l": 1})
    assert anywhere.recall("a", ["k"]) == {"k": 2}


def test_another_process_sees_what_this_one_wrote(anywhere: Store) -> None:
    assert not anywhere.has(digest_of(b"soup")) and not anywhere.recall("n", ["k"])
    other = Store(anywhere.root)
    other.put(b"soup")
    other.remember("n", {"k": 1})
    assert anywhere.has(digest_of(b"soup")) and anywhere.recall("n", ["k"]) == {"k": 1}


def test_only_a_folder_has_files(bucket: str, store: Store) -> None:
    assert store.path("ab").parent.name == "ab"
    with pytest.raises(AssertionError, match="is no folder"):
        Store(bucket).path("ab")


def test_keys_of_one_picture_lie_together() -> None:
    pictures = [digest_of(name) for name in (b"soup", b"bread")]
    keys = [key_of(picture, 1, copy) for copy in range(20) for picture in pictures]
    assert len(set(keys)) == 40 and {len(key) for key in keys} == {64}
    owners = [key[:16] for key in sorted(keys)]
    assert owners == sorted(owners) and len(set(owners)) == 2


def test_replacing_shows_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    with replacing(path) as part:
        part.write_text("one")
    with pytest.raises(RuntimeError), replacing(path) as part:
        part.write_text("two")
        assert path.read_text() == "one"
        raise RuntimeError
    assert path.read_text() == "one" and list(path.parent.iterdir()) == [path]


def test_a_device_or_pipe_is_written_to_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root, as in a container, `--json /dev/stdout` put a file in its place, for all."""
    pipe, devices = tmp_path / "pipe", tmp_path / "dev"
    os.mkfifo(pipe)
    handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "soup")
    assert os.read(handle, 9) == b"soup" and pipe.is_fifo()
    os.close(handle)
    devices.mkdir()
    (devices / "stdout").symlink_to(tmp_path / "file")
    monkeypatch.setattr(stores, "DEVICES", devices)
    write_whole(devices / "stdout", "soup")
    assert (tmp_path / "file").read_text() == "soup" and (devices / "stdout").is_symlink()


@pytest.mark.parametrize("place", ["new", "folder/new"])
def test_a_file_where_a_folder_is_needed_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("kept")
    path = tmp_path / "file" / place
    with pytest.raises(StoreError, match=f"cannot write {path}: "), replacing(path) as part:
        part.write_text("lost")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_who_may_read_a_file_is_not_changed_by_writing_it_anew(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text("old")
    path.chmod(mode)
    write_whole(path, "new")
    assert path.read_text() == "new" and path.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127, "a" * 240])
def test_a_name_as_long_as_the_file_system_takes_is_written_and_edited(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    with editing(path):
        write_whole(path, "new")
    assert path.read_text() == "new" and not list(tmp_path.glob("*.part"))


def test_a_reader_never_sees_a_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    program = (
        "import sys; from pathlib import Path; from foodcls.store.store import replacing\n"
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


def test_a_file_that_may_not_be_read_is_part_of_a_folders_digest(tmp_path, powerless) -> None:
    """It ends no run: whoever reads the folder says which file it is."""
    folder = tmp_path / "a"
    folder.mkdir()
    empty = digest_file(folder)
    (folder / "x").write_text("1")
    (folder / "x").chmod(0)
    with powerless():
        closed = digest_file(folder)
    (folder / "x").chmod(0o644)
    assert len({empty, closed, digest_file(folder)}) == 3


def test_json_digest_ignores_the_order_of_keys() -> None:
    assert digest_json({"a": 1, "b": [2]}) == digest_json({"b": [2], "a": 1})
    assert digest_json({"a": 1}) != digest_json({"a": "1"})


def test_blobs_are_listed_with_size_and_age_and_removed(anywhere: Store) -> None:
    assert list(anywhere.listing()) == []
    soup, bread, torn = map(anywhere.put, (b"soup", b"bread", b"torn"))
    anywhere.set_aside(torn)
    listed = {name: (size, written) for name, size, written in anywhere.listing()}
    assert {name: size for name, (size, _) in listed.items()} == {soup: 4, bread: 5}
    assert all(abs(written - time.time()) < 60 for _, written in listed.values())
    assert [name for name, *_ in anywhere.listing(ASIDE)] == [torn]
    anywhere.remove([soup])
    anywhere.remove([torn], ASIDE)
    anywhere.remove([])
    assert anywhere.lacking([soup, bread]) == {soup} and list(anywhere.listing(ASIDE)) == []


def test_what_is_remembered_is_listed_and_forgotten_by_kind(anywhere: Store) -> None:
    anywhere.remember("one", {"a": {"n": 1}, "b": 2})
    anywhere.remember("one", {"a": {"n": 3}})
    anywhere.remember("two", {"a": 4})
    assert {key: value for key, value, size in anywhere.facts("one") if size} == {
        "a": {"n": 3}, "b": 2
    }  # fmt: skip
    assert list(anywhere.facts("none")) == []
    anywhere.forget("one", ["a", "b"])
    assert list(anywhere.facts("one")) == [] and anywhere.recall("two", ["a"]) == {"a": 4}
    # of what was written together one may stay, and the other with it
    anywhere.remember("one", {"a": 5, "b": 6})
    anywhere.forget("one", ["a"])
    assert anywhere.recall("one", ["b"]) == {"b": 6}


def test_a_file_that_another_program_goes_on_editing_is_told_and_edited_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was waited for without end, and whoever waited could not be stopped."""
    monkeypatch.setattr("foodcls.store.disk.WAIT", 0.2)
    path = tmp_path / "filter.csv"
    with (
        editing(path),
        pytest.raises(StoreError, match=r"another program has held .*/\.filter\.csv\.lock"),
        editing(path),
    ):
        pass
    with editing(path):
        pass
