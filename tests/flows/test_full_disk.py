"""Runs on a small disk that something else fills in the middle of a stage."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from foodcls.workspace.verify import find_damage
from foodcls.workspace.workspace import Workspace

# the stage before, what is counted, and how much is left free: less than the stage needs
MOMENTS: dict[str, dict[str, Any]] = {
    "collect": {"after": "check", "at": 30, "left": 50_000},
    "augment": {"after": "split", "at": 1, "left": 8_000},
    "checkpoint": {"after": "augment", "match": "training-", "at": 1, "left": 4_096},
    "export": {"after": "evaluate", "at": 1, "left": 500_000},
    "record": {"after": "export", "at": 1, "left": 100_000},
}


# each fills a disk of its own and runs twice
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def whole(starter, shared_recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run gives on a disk that is large enough."""
    ended = starter.run(
        shared_recipe, space=starter.new_space(tmp_path_factory.mktemp("whole") / "w")
    )
    assert ended.code == 0, ended.err
    result: dict[str, Any] = ended.result
    return result


def assert_told_and_whole(ended: Any, space: Path) -> None:
    """The error says what is free and what to do; what lies on the disk is whole."""
    assert ended.code == 1 and ended.acted, ended.err
    for words in ("error: ", "free there; free space", "run the same command again"):
        assert words in ended.err, ended.err
    # SQLite says the last where its log, and not its database, has no room
    full = ("No space left on device", "disk is full", "disk I/O error; 0 bytes")
    assert any(words in ended.err for words in full), ended.err
    assert "Traceback" not in ended.err + ended.out
    assert [one for one in find_damage(Workspace(space)) if one.fault != "missing"] == []
    assert not [path for path in space.rglob("*.part") if path.is_file()]


@pytest.mark.parametrize("stage", MOMENTS)
def test_a_full_disk_is_told_and_what_it_broke_off_goes_on(
    starter, shared_recipe: Path, whole: dict[str, Any], small_disk, stage: str
) -> None:
    space = starter.new_space(small_disk.folder / "w")
    ended = starter.run(shared_recipe, space=space, action="fill", **MOMENTS[stage])
    assert_told_and_whole(ended, space)
    (space / "filler").unlink()
    again = starter.run(shared_recipe, space=space)
    assert again.code == 0, again.err
    same = ("model_digest", "accuracy", "stage_counts")
    assert {name: again.result[name] for name in same} == {name: whole[name] for name in same}


def test_a_disk_without_inodes_is_told_of_as_one(
    starter, shared_recipe: Path, whole: dict[str, Any], small_disk
) -> None:
    small_disk.remount("nr_inodes=600")
    space = starter.new_space(small_disk.folder / "w")
    ended = starter.run(shared_recipe, space=space, action="fill", after="check", at=30, left=-5)
    assert_told_and_whole(ended, space)
    assert " 0 files are free there" in ended.err
    for filler in space.glob("filler-*"):
        filler.unlink()
    assert starter.run(shared_recipe, space=space).result["model_digest"] == whole["model_digest"]


@pytest.mark.parametrize("moment", ["start", "middle"])
def test_a_full_disk_of_mlflow_costs_a_run_nothing(
    starter, shared_recipe: Path, whole: dict[str, Any], small_disk, tmp_path: Path, moment: str
) -> None:
    """Only the tracking database lies there; its own disk is full, or becomes so."""
    space = starter.new_space(tmp_path / "w")
    database = small_disk.folder / "mlflow.db"
    if moment == "middle":
        shutil.move(space / "mlflow.db", database)
    uri = {"MLFLOW_TRACKING_URI": f"sqlite:///{database}"}
    small_disk.remount(f"size={os.path.getsize(database) // 1024 + 8}k" if moment == "middle"
                       else "size=100k")  # fmt: skip
    ended = starter.run(shared_recipe, space=space, environment=uri)
    assert ended.code == 0 and "full" in ended.result["mlflow_waiting"], ended.err
    assert ended.result["model_digest"] == whole["model_digest"]
    assert "foodcls sync" in ended.out
    small_disk.remount("size=64m")
    starter.start("sync", space=space, environment=uri)
    assert starter.wait().code == 0
    client = MlflowClient(uri["MLFLOW_TRACKING_URI"])
    (experiment,) = [one for one in client.search_experiments() if one.name == "patches"]
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED" and len(client.search_model_versions()) == 1
