import os
from pathlib import Path

import pytest

from flows.cli.maintenance.gc import SHOWN, tidy_up
from flows.cli.maintenance.verify import show_damage
from foodcls.workspace.workspace import Workspace


def test_addresses_that_may_go_are_shown_without_logins_and_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace.at(tmp_path)
    (workspace.results / "last").write_text("")
    url = "https://ann:hidden@a.test/1.jpg?token=hidden"
    workspace.store.remember("fetch", {url: {"fetched_at": "2020-01-01T00:00:00+00:00"}})
    tidy_up(tmp_path, 30, is_sole=False, deletes=False)
    told = capsys.readouterr().out
    assert "fetch https://a.test/1.jpg?token=***" in told
    assert "hidden" not in told


def test_of_many_files_that_may_go_the_first_are_named_and_the_rest_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace.at(tmp_path)
    for number in range(SHOWN + 3):
        path = workspace.pixels / f"{number}.npy"
        path.write_text("")
        os.utime(path, (0, 0))
    (workspace.results / "last").write_text("")
    for names_all, lines in ((False, SHOWN + 1), (True, SHOWN + 3)):
        tidy_up(tmp_path, 30, is_sole=False, deletes=False, names_all=names_all)
        told = capsys.readouterr().out
        assert told.count("old pixels and thumbnails: ") == lines
        typed = f"foodcls gc --keep-days 30 %s --workspace {tmp_path}"
        assert (f"thumbnails: 3 more, which `{typed % '--all'}` names" in told) != names_all
        assert f"nothing was removed; `{typed % '--delete'}` frees" in told


def test_what_sets_damage_aside_names_the_workspace_that_was_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed without, it looked at another one: the folder `workspace` of where a person stands."""
    workspace = Workspace.at(tmp_path / "my lunch")
    workspace.store.path(workspace.store.put(b"whole")).write_bytes(b"torn!")
    assert show_damage(workspace.root, mends=False, anew=False) == 1
    typed = f"foodcls verify --mend --workspace '{workspace.root}'"
    assert f"1 damaged; `{typed}` sets them aside" in capsys.readouterr().out
