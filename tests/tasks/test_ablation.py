from pathlib import Path

import pytest

from foodcls.manifest import kept_rows, load_manifest, new_manifest, save_manifest
from foodcls.recipe.data_settings import Split
from foodcls.workspace.workspace import Workspace
from tasks.ablation import take_raw, undo_crop


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "workspace")


def test_tasks_give_other_training_sets_of_the_same_pictures(workspace: Workspace) -> None:
    row = {"id": "1", "cluster": "1", "state": "kept", "picture": "whole"}
    twin = row | {"id": "2", "state": "dropped", "stage": "dedup"}
    cut = row | {"picture": "cut", "box": "0,0,1,1", "split": "train"}
    whole, parted = (
        save_manifest(new_manifest([first, twin]), workspace.store, "s") for first in (row, cut)
    )
    raw = load_manifest(take_raw.task.fn(workspace, parted, whole, Split()), workspace.store)
    assert list(kept_rows(raw)["picture"]) == ["whole", "whole"]
    filtered = load_manifest(undo_crop.task.fn(workspace, parted, whole), workspace.store)
    assert list(kept_rows(filtered)["picture"]) == ["whole"]


def test_without_boxes_the_row_cropped_is_found_in_the_cache(workspace: Workspace) -> None:
    """A stage's key is made of digests: what has the same one is not trained again."""
    row = {"id": "1", "cluster": "1", "state": "kept", "picture": "whole"}
    whole, parted = (
        save_manifest(new_manifest([row | {"split": split}]), workspace.store, "s")
        for split in ("", "train")
    )
    assert undo_crop.task.fn(workspace, parted, whole).digest == parted.digest
