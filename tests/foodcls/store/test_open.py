"""A blob that is opened is one that `read` would give."""

from pathlib import Path

import pytest

from foodcls.errors import StoreError
from foodcls.manifest import load_manifest, new_manifest, save_manifest
from foodcls.store.store import Store, digest_of


@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_parts_of_a_blob_are_read_wherever_it_is_kept(
    place: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = Store(request.getfixturevalue("bucket") if place == "bucket" else tmp_path / "store")
    digest = store.put(b"soup")
    with store.open(digest) as file:
        file.seek(2)
        assert file.read() == b"up"
    with pytest.raises(StoreError, match="0" * 64):
        store.open("0" * 64)


def test_a_damaged_blob_is_set_aside_and_not_opened(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    digest = store.put(b"soup")
    store.path(digest).write_bytes(b"soap")
    with pytest.raises(StoreError, match=f"{digest} was damaged"):
        store.open(digest)
    assert not store.has(digest)


def test_of_a_table_in_a_folder_never_all_bytes_are_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    ref = save_manifest(new_manifest([{"id": digest_of(b"soup")}]), store, "collect")
    monkeypatch.setattr(Store, "read", None)
    assert load_manifest(ref, store, ["id"])["id"].tolist() == [digest_of(b"soup")]
