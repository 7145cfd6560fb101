"""Tidies workspaces of real runs up, kills that with SIGKILL, and types the same commands again."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from foodcls.workspace.gc import DAY
from foodcls.workspace.lock import holding
from foodcls.workspace.verify import find_damage
from foodcls.workspace.workspace import Workspace

OLD = 40 * DAY
STAGES = {"collect", "inspect", "dedup", "filter", "crop", "split", "augment", "train",
          "calibrate", "evaluate", "export"}  # fmt: skip


@pytest.fixture(scope="module")
def used(starter, shared_recipe: Path) -> tuple[Path, dict[str, Any]]:
    """A workspace where other settings ran 40 days ago and the recipe now; its last result."""
    space = starter.new_space(shared_recipe.parent / "used")
    ended = starter.run(shared_recipe, "--set", "augment.per_class=9", space=space)
    assert ended.code == 0, ended.err
    for path in space.rglob("*"):
        stat = path.stat()
        os.utime(path, (stat.st_atime - OLD, stat.st_mtime - OLD))
    ended = starter.run(shared_recipe, space=space)
    assert ended.code == 0, ended.err
    return space, ended.result


@pytest.fixture
def space(used: tuple[Path, dict[str, Any]]) -> Path:
    return used[0]


def contents(space: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in space.rglob("*")
            if path.is_file() and "mlflow.db" not in path.name}  # fmt: skip


@pytest.mark.long
def test_without_delete_nothing_goes(starter, space: Path) -> None:
    before = contents(space)
    server = {"MLFLOW_TRACKING_URI": "http://ann:hidden@127.0.0.1:9"}
    starter.start("gc", space=space, environment=server)
    ended = starter.wait()
    assert ended.code == 0, ended.err
    assert "`mlflow gc` there" in ended.out and "hidden" not in ended.out
    assert "old results" in ended.out and "nothing was removed" in ended.out
    assert contents(space) == before


def test_a_workspace_in_use_is_refused(starter, recipe: Path, tmp_path: Path) -> None:
    space = Workspace.at(tmp_path / "w").root
    with holding(space):
        starter.start("gc", "--delete", space=space)
        ended = starter.wait()
    assert ended.code != 0 and f"is in use by process {os.getpid()}" in ended.err


def test_an_absent_workspace_is_named_and_not_made(starter, tmp_path: Path) -> None:
    starter.start("gc", space=tmp_path / "none")
    ended = starter.wait()
    assert ended.code == 2 and "is not there" in ended.err and not (tmp_path / "none").exists()


@pytest.mark.runs("foodcls gc")
@pytest.mark.long
def test_a_killed_gc_and_a_whole_one_leave_a_run_nothing_to_do_again(
    starter, shared_recipe: Path, used: tuple[Path, dict[str, Any]]
) -> None:
    space, whole = used
    size = sum(contents(space).values())
    # among the results, and among the blobs that only they named
    for at in (3, 8):
        starter.start("gc", "--delete", space=space, at=at, event="pathlib:Path.unlink")
        ended = starter.wait()
        assert ended.code == -signal.SIGKILL and ended.acted
        assert not list(find_damage(Workspace.at(space)))
    again = starter.run(shared_recipe, space=space)
    assert again.code == 0, again.err
    starter.start("gc", "--delete", space=space)
    ended = starter.wait()
    assert ended.code == 0 and "freed" in ended.out, ended.err
    assert sum(contents(space).values()) < size
    last = starter.run(shared_recipe, space=space)
    for one in (again, last):
        assert set(one.result["cached"]) >= STAGES
        assert one.result["model_digest"] == whole["model_digest"]
        assert one.result["accuracy"] == whole["accuracy"]
    starter.start("gc", space=space)
    assert "nothing is left to remove" in starter.wait().out
