import os
import subprocess
import sys
from pathlib import Path

import pytest

from foodcls.errors import InputError, StoreError
from foodcls.workspace.workspace import Workspace


def test_cached_results_are_closed_to_others(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "w")
    assert workspace.results.stat().st_mode & 0o077 == 0
    workspace.results.chmod(0o777)
    assert Workspace.at(tmp_path / "w").results.stat().st_mode & 0o077 == 0


def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    workspace = Workspace.at(tmp_path / "w")
    os.chown(workspace.results, 12345, 12345)
    with pytest.raises(StoreError, match="belongs to another user"):
        Workspace.at(tmp_path / "w")


def test_a_workspace_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "w"):
        with pytest.raises(InputError, match="--workspace"):
            Workspace.at(place)


def test_places_do_not_depend_on_the_current_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    workspace = Workspace.at("w")
    monkeypatch.chdir("/")
    assert workspace.store.put(b"x") and (tmp_path / "w" / "store").is_dir()


def test_a_disk_that_is_read_only_is_refused_at_the_start(small_disk) -> None:
    Workspace.at(small_disk.folder / "w")
    small_disk.remount("ro")
    with pytest.raises(StoreError, match="Read-only file system.*--workspace"):
        Workspace.at(small_disk.folder / "w")


def test_a_folder_of_another_user_is_refused_at_the_start(tmp_path: Path) -> None:
    """As a plain user, in a process of its own: root may write anywhere."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    workspace = Workspace.at(tmp_path / "w")
    os.chown(workspace.results, 65534, 65534)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    program = (
        "import os, sys; from foodcls.workspace.workspace import Workspace; os.setuid(65534)\n"
        "Workspace.at(sys.argv[1])"
    )
    command = [sys.executable, "-c", program, str(workspace.root)]
    done = subprocess.run(command, text=True, check=False, capture_output=True, timeout=60)
    assert "StoreError" in done.stderr and "Permission denied" in done.stderr
    assert "--workspace" in done.stderr


def test_a_limit_on_the_size_of_files_is_refused_at_the_start(tmp_path: Path) -> None:
    program = (
        "import sys; from foodcls.workspace.workspace import Workspace; Workspace.at(sys.argv[1])"
    )
    words = ["prlimit", "--fsize=1000000", sys.executable, "-c", program, str(tmp_path / "w")]
    done = subprocess.run(words, text=True, check=False, capture_output=True, timeout=60)
    assert "1,000,000 bytes" in done.stderr and "ulimit -f unlimited" in done.stderr


def test_the_store_may_lie_elsewhere_and_is_found_again(tmp_path: Path, bucket: str) -> None:
    for place in (bucket, str(tmp_path / "disk")):
        digest = Workspace.at(tmp_path / "w", place).store.put(place.encode())
        assert Workspace.at(tmp_path / "w").store.read(digest) == place.encode()
        assert Workspace.at(tmp_path / "w").store.where(digest).startswith(place)
    assert not (tmp_path / "w" / "store").exists()


def test_a_store_named_from_the_current_folder_is_found_from_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    digest = Workspace.at("w", "disk").store.put(b"soup")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert Workspace.at(tmp_path / "w").store.read(digest) == b"soup"
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_store_that_is_gone_is_named_and_no_empty_one_takes_its_place(tmp_path: Path) -> None:
    Workspace.at(tmp_path / "w", str(tmp_path / "disk"))
    (tmp_path / "disk").rename(tmp_path / "moved")
    with pytest.raises(StoreError, match="disk, which .*store.txt names, is not there.*--store"):
        Workspace.at(tmp_path / "w").store.put(b"soup")
    assert not (tmp_path / "disk").exists()
    assert Workspace.at(tmp_path / "w", str(tmp_path / "moved")).store.put(b"soup")


def test_a_workspace_that_names_its_own_store_may_move(tmp_path: Path) -> None:
    first = Workspace.at(tmp_path / "w", str(tmp_path / "disk"))
    digest = Workspace.at(first.root, str(first.own_store)).store.put(b"soup")
    first.root.rename(tmp_path / "moved")
    assert Workspace.at(tmp_path / "moved").store.read(digest) == b"soup"


def test_the_password_of_a_store_is_refused_and_kept_nowhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="environment") as caught:
        Workspace.at(tmp_path / "w", "sftp://me:hidden@h/pictures")
    assert "hidden" not in str(caught.value) and not (tmp_path / "w" / "store.txt").exists()
    assert Workspace.at(tmp_path / "w", "sftp://me@h/pictures").place == "sftp://me@h/pictures"
