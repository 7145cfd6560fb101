import os
from pathlib import Path

import pytest

from foodcls.errors import StoreError
from foodcls.workspace import Workspace


def test_cached_results_are_closed_to_others(tmp_path: Path) -> None:
    space = Workspace.at(tmp_path / "w")
    assert space.results.stat().st_mode & 0o077 == 0
    space.results.chmod(0o777)
    assert Workspace.at(tmp_path / "w").results.stat().st_mode & 0o077 == 0


def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    space = Workspace.at(tmp_path / "w")
    os.chown(space.results, 12345, 12345)
    with pytest.raises(StoreError, match="belongs to another user"):
        Workspace.at(tmp_path / "w")


def test_a_workspace_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="--workspace"):
        Workspace.at(tmp_path / "file")


def test_places_do_not_depend_on_the_current_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    space = Workspace.at("w")
    monkeypatch.chdir("/")
    assert space.store.put(b"x") and (tmp_path / "w" / "store").is_dir()


def test_the_store_may_lie_elsewhere_and_is_found_again(tmp_path: Path, bucket: str) -> None:
    for place in (bucket, str(tmp_path / "disk")):
        digest = Workspace.at(tmp_path / "w", place).store.put(place.encode())
        assert Workspace.at(tmp_path / "w").store.read(digest) == place.encode()
        assert Workspace.at(tmp_path / "w").store.where(digest).startswith(place)
    assert not (tmp_path / "w" / "store").exists()
