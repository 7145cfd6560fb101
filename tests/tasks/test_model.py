from collections.abc import Callable
from pathlib import Path

import pytest
from prefect.serializers import JSONSerializer
from safetensors.torch import save

from foodcls.extras import Extras, Moves
from foodcls.learn.arrays import GIGABYTE
from foodcls.learn.backbones import make_backbone
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


def test_a_cached_checkpoint_is_the_same_after_its_file_of_weights_is_gone(
    space: Workspace, ref: ManifestRef, tmp_path: Path
) -> None:
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(save(make_backbone("resnet18", "none", 32).module.state_dict()))
    extras = Extras(online=Moves(), mixup=0.2)
    settings = TINY.model_copy(update={"weights": str(weights), "extras": extras})
    checkpoint = fit.task.fn(space, ref, ("a", "b"), settings)
    entry = JSONSerializer().dumps(checkpoint)
    weights.unlink()
    again = JSONSerializer().loads(entry)
    assert again == checkpoint and again.digest == checkpoint.digest
    assert again.settings.trainable == () and again.settings.extras == extras
    assert again.settings.weights == "file" and str(tmp_path).encode() not in entry


def test_calibration_and_judging_keep_no_more_than_the_recipe_allows(
    space: Workspace, ref: ManifestRef
) -> None:
    checkpoint = fit.task.fn(space, ref, ("a", "b"), TINY.model_copy(update={"cache_gb": 0}))
    for gigabytes, files in ((0, 0), (1, 2)):
        calibrate.task.fn(space, checkpoint, ref, Answer(), limit=gigabytes * GIGABYTE)
        evaluate.task.fn(space, checkpoint, ref, None, limit=gigabytes * GIGABYTE)
        assert len(list(space.pixels.glob("*.npy"))) == files
