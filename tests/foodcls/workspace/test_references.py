import json
from pathlib import Path

import pytest

from foodcls.errors import StoreError
from foodcls.manifest import ManifestRef, new_manifest, save_manifest
from foodcls.store.store import digest_of
from foodcls.tables.manifest_csv import write_manifest
from foodcls.workspace.references import CachedResult, model_digests, named_blobs
from foodcls.workspace.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "w")


def keep(space: Workspace, *blobs: str, tables: tuple[str, ...] = ()) -> CachedResult:
    """What a cache entry names."""
    return CachedResult(space.results / "a", frozenset({*blobs, *tables}), {}, frozenset(tables))


def save(space: Workspace, **row: str) -> ManifestRef:
    return save_manifest(new_manifest([row]), space.store, "crop")


def test_a_result_names_its_blobs_its_table_and_each_picture_of_it(space: Workspace) -> None:
    dropped, cut, weights, stranger = map(digest_of, (b"dropped", b"cut", b"weights", b"stranger"))
    ref = save(space, id=dropped, picture=cut, state="dropped")
    results = [keep(space, tables=(ref.blob,)), keep(space, weights)]
    named = named_blobs(space, results)
    assert {ref.blob, dropped, cut, weights} <= named and stranger not in named
    assert named_blobs(space, results[1:]) == {weights}


def test_tables_for_people_and_waiting_records_name_too(space: Workspace) -> None:
    shown, waiting = digest_of(b"shown"), digest_of(b"waiting")
    write_manifest(new_manifest([{"id": shown}]), space.manifest)
    (space.records / "1").mkdir(parents=True)
    (space.records / "1" / "record.json").write_text(json.dumps({"digest": waiting}))
    assert named_blobs(space, []) == {shown, waiting}


def test_a_table_that_cannot_be_read_is_an_error_and_stays_where_it_is(space: Workspace) -> None:
    ref = save(space, id=digest_of(b"x"))
    space.store.path(ref.blob).write_bytes(b"torn")
    with pytest.raises(StoreError, match=f"{ref.blob}.*run its recipe"):
        named_blobs(space, [keep(space, tables=(ref.blob,))])
    assert space.store.path(ref.blob).exists()


def test_exported_models_say_how_their_digests_begin(space: Workspace) -> None:
    path = space.model("soups-and-more", digest_of(b"m"))
    path.parent.mkdir()
    path.touch()
    assert model_digests(space) == {digest_of(b"m")[:12]}
