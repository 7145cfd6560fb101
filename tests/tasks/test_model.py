from collections.abc import Callable
from pathlib import Path

import pytest

from foodcls.learn.arrays import GIGABYTE
from foodcls.manifest import ManifestRef, load_manifest, new_manifest, save_manifest
from foodcls.settings import Answer, Train
from foodcls.workspace import Workspace
from tasks.model import calibrate, evaluate, export, fit

TINY = Train(backbone="resnet18", weights="none", trainable=(), head=0, input_size=32, epochs=1)


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "space")


@pytest.fixture
def ref(space: Workspace, noise: Callable, encode: Callable) -> ManifestRef:
    rows = []
    for number in range(12):
        digest = space.store.put(encode(noise(number)))
        split = ("train", "train", "val", "test")[number // 3]
        rows.append({"id": digest, "picture": digest, "label": "ab"[number % 2], "state": "kept",
                     "split": split})  # fmt: skip
    return save_manifest(new_manifest(rows), space.store, "split")


def test_tasks_turn_a_manifest_into_a_judged_and_exported_model(
    space: Workspace, ref: ManifestRef
) -> None:
    checkpoint = fit.task.fn(space, ref, ("a", "b"), TINY)
    checkpoint = calibrate.task.fn(space, checkpoint, ref, Answer(), limit=20 * GIGABYTE)
    scores = evaluate.task.fn(space, checkpoint, ref, None, limit=20 * GIGABYTE)
    model = export.task.fn(space, checkpoint, ref, "tiny", "digest")
    assert scores.n == 3 and checkpoint.train_count == 6
    assert all(space.store.is_whole(digest)
               for digest in (checkpoint.weights, scores.predictions, model.blob,
                              model.program))  # fmt: skip
    assert len(load_manifest(ref, space.store)) == 12


def test_calibration_and_judging_keep_no_more_than_the_recipe_allows(
    space: Workspace, ref: ManifestRef
) -> None:
    checkpoint = fit.task.fn(space, ref, ("a", "b"), TINY.model_copy(update={"cache_gb": 0}))
    for gigabytes, files in ((0, 0), (1, 2)):
        calibrate.task.fn(space, checkpoint, ref, Answer(), limit=gigabytes * GIGABYTE)
        evaluate.task.fn(space, checkpoint, ref, None, limit=gigabytes * GIGABYTE)
        assert len(list(space.pixels.glob("*.npy"))) == files
