"""What a kill leaves is tested with the lock, which calls this."""

import os
from pathlib import Path

from foodcls.store.store import Store
from foodcls.workspace.recovery import damaged_blobs, remove_parts, set_torn_aside


def test_only_what_is_damaged_is_named(store: Store) -> None:
    digests = [store.put(str(number).encode()) for number in range(50)]
    for digest in digests[10:20]:
        store.path(digest).write_bytes(b"?")
    assert list(damaged_blobs(store, digests)) == digests[10:20]


def test_only_what_was_written_since_is_looked_at(store: Store) -> None:
    digests = [store.put(name) for name in (b"before", b"after")]
    for digest, moment in zip(digests, (100, 300), strict=True):
        store.path(digest).write_bytes(b"")
        os.utime(store.path(digest), (moment, moment))
    assert set_torn_aside(store, since=200) == [digests[1]]
    assert store.has(digests[0]) and not store.has(digests[1])


def test_a_part_without_a_writer_is_removed(tmp_path: Path) -> None:
    (tmp_path / "odd.name.part").touch()
    remove_parts(tmp_path)
    assert not list(tmp_path.iterdir())
