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
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "w")


def keep(workspace: Workspace, *blobs: str, tables: tuple[str, ...] = ()) -> CachedResult:
    """What a cache entry names."""
    return CachedResult(
        workspace.results / "a", frozenset({*blobs, *tables}), {}, frozenset(tables)
    )


def save(workspace: Workspace, **row: str) -> ManifestRef:
    return save_manifest(new_manifest([row]), workspace.store, "crop")


def test_a_result_names_its_blobs_its_table_and_each_picture_of_it(workspace: Workspace) -> None:
    dropped, cut, weights, stranger = map(digest_of, (b"dropped", b"cut", b"weights", b"stranger"))
    ref = save(workspace, id=dropped, picture=cut, state="dropped")
    results = [keep(workspace, tables=(ref.blob,)), keep(workspace, weights)]
    named = named_blobs(workspace, results)
    assert {ref.blob, dropped, cut, weights} <= named and stranger not in named
    assert named_blobs(workspace, results[1:]) == {weights}


def test_tables_for_people_and_waiting_records_name_too(workspace: Workspace) -> None:
    shown, waiting = digest_of(b"shown"), digest_of(b"waiting")
    write_manifest(new_manifest([{"id": shown}]), workspace.manifest)
    (workspace.records / "1").mkdir(parents=True)
    (workspace.records / "1" / "record.json").write_text(json.dumps({"digest": waiting}))
    assert named_blobs(workspace, []) == {shown, waiting}


def test_a_table_that_cannot_be_read_is_an_error_and_stays_where_it_is(
    workspace: Workspace,
) -> None:
    ref = save(workspace, id=digest_of(b"x"))
    workspace.store.path(ref.blob).write_bytes(b"torn")
    with pytest.raises(StoreError, match=f"{ref.blob}.*run its recipe"):
        named_blobs(workspace, [keep(workspace, tables=(ref.blob,))])
    assert workspace.store.path(ref.blob).exists()


def test_exported_models_say_how_their_digests_begin(workspace: Workspace) -> None:
    path = workspace.model("soups-and-more", digest_of(b"m"))
    path.parent.mkdir()
    path.touch()
    assert model_digests(workspace) == {digest_of(b"m")[:12]}
