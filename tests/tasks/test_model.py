import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from prefect import flow
from prefect.serializers import JSONSerializer
from safetensors.torch import save

from foodcls.export.load import read_model
from foodcls.export.predict_tests import is_trained_on
from foodcls.features.row_cache import GIGABYTE
from foodcls.manifest import (
    TEST_SOURCE,
    ManifestRef,
    SplitsRef,
    load_manifest,
    new_manifest,
    save_manifest,
)
from foodcls.network.backbones import make_backbone
from foodcls.recipe.data_settings import AffineRanges
from foodcls.recipe.train_settings import Export, Extras, Inference, Train
from foodcls.runs.stage_result import StageResult
from foodcls.train.checkpoint import EpochReport
from foodcls.workspace.workspace import Workspace
from tasks.model import calibrate, check_training, evaluate, export, tell_epochs, train

TINY = Train(
    backbone="test_resnet", weights="none", trainable=(), hidden_units=0, input_size=32, epochs=1
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "workspace")


@pytest.fixture
def ref(workspace: Workspace, noise: Callable, encode: Callable) -> ManifestRef:
    rows = []
    for number in range(12):
        digest = workspace.store.put(encode(noise(number)))
        split = ("train", "train", "val", "test")[number // 3]
        rows.append({"id": digest, "picture": digest, "label": "ab"[number % 2], "state": "kept",
                     "split": split})  # fmt: skip
    return save_manifest(new_manifest(rows), workspace.store, "split")


def test_the_check_before_training_names_the_weights_that_training_begins_with(
    workspace: Workspace, ref: ManifestRef
) -> None:
    checkpoint = train.task.fn(workspace, SplitsRef(ref, train.reads), ("a", "b"), TINY)
    assert check_training.task.fn(workspace, TINY) == checkpoint.pretrained_digest


def test_tasks_turn_a_manifest_into_a_judged_and_exported_model(
    workspace: Workspace, ref: ManifestRef, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "foodcls.stages")
    checkpoint = train.task.fn(workspace, SplitsRef(ref, train.reads), ("a", "b"), TINY)
    (line,) = (line for line in caplog.messages if line.startswith("epoch"))
    found = r"epoch 1 of 1: loss \d\.\d{3}, validation accuracy \d\.\d{3}, \d+\.\d s, 0 s left"
    assert re.fullmatch(found, line)
    checkpoint = calibrate.task.fn(
        workspace, checkpoint, SplitsRef(ref, calibrate.reads), Inference(), limit=20 * GIGABYTE
    )
    scores = evaluate.task.fn(
        workspace, checkpoint, SplitsRef(ref, evaluate.reads), None, limit=20 * GIGABYTE
    )
    model = export.task.fn(workspace, checkpoint, ref, "tiny", "digest", Export())
    assert scores.n == 3 and checkpoint.train_count == 6
    assert all(workspace.store.is_whole(digest)
               for digest in (checkpoint.weights, scores.predictions,
                              *model.blobs().values()))  # fmt: skip
    assert len(load_manifest(ref, workspace.store)) == 12


def test_the_time_left_is_of_the_epochs_or_of_the_minutes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "foodcls.stages")
    report = EpochReport(1, 0.5, 0.8, 0.6, 0.75, 1.2, 30.0, 0.1)
    for minutes in (None, 2.0):
        tell = tell_epochs(TINY.model_copy(update={"epochs": 21, "max_minutes": minutes}))
        tell(report)
        tell(dataclasses.replace(report, epoch=2, seconds=40.0))
    lefts = [line.rpartition(", ")[2] for line in caplog.messages]
    assert lefts == ["10 min left", "11 min left", "90 s left", "50 s left"]
    assert "loss 0.500, validation accuracy 0.750, 30.0 s" in caplog.messages[0]


def test_a_cached_checkpoint_is_the_same_after_its_file_of_weights_is_gone(
    workspace: Workspace, ref: ManifestRef, tmp_path: Path
) -> None:
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(save(make_backbone(TINY.backbone, "none", 32).module.state_dict()))
    extras = Extras(augment=AffineRanges(), mixup=0.2)
    settings = TINY.model_copy(update={"weights": str(weights), "extras": extras})
    checkpoint = train.task.fn(workspace, SplitsRef(ref, train.reads), ("a", "b"), settings)
    entry = JSONSerializer().dumps(checkpoint)
    weights.unlink()
    again = JSONSerializer().loads(entry)
    assert again == checkpoint and again.digest == checkpoint.digest
    assert again.settings.trainable == ()
    assert again.settings.extras == extras.model_copy(update={"tta": 1})
    assert again.settings.weights == "file" and str(tmp_path).encode() not in entry


def test_calibration_and_judging_keep_no_more_than_the_recipe_allows(
    workspace: Workspace, ref: ManifestRef
) -> None:
    checkpoint = train.task.fn(
        workspace, SplitsRef(ref, train.reads), ("a", "b"), TINY.model_copy(update={"cache_gb": 0})
    )
    for gigabytes, files in ((0, 0), (1, 2)):
        calibrate.task.fn(
            workspace,
            checkpoint,
            SplitsRef(ref, calibrate.reads),
            Inference(),
            limit=gigabytes * GIGABYTE,
        )
        evaluate.task.fn(
            workspace, checkpoint, SplitsRef(ref, evaluate.reads), None, limit=gigabytes * GIGABYTE
        )
        assert len(list(workspace.pixels.glob("*.npy"))) == files


@pytest.fixture
def run(workspace: Workspace, prefect_server: None) -> Callable[[ManifestRef], list[StageResult]]:
    """Train, calibrate, judge and export on a manifest, as the flow does."""
    asked = Export(formats=("torchscript",))

    @flow
    def model(pictures: ManifestRef) -> list[StageResult]:
        learnt = train(workspace, pictures, ("a", "b"), TINY)
        checkpoint = calibrate(workspace, learnt, pictures, Inference(), limit=GIGABYTE)
        scores = evaluate(workspace, checkpoint, pictures, None, limit=GIGABYTE)
        return [
            learnt,
            checkpoint,
            scores,
            export(workspace, checkpoint, pictures, "tiny", "digest", asked),
        ]

    return model


def done_anew(steps: list[StageResult]) -> set[str]:
    return {step.name for step in steps if not step.cached}


def test_another_test_set_is_judged_and_told_of_and_trains_nothing_again(
    workspace: Workspace, ref: ManifestRef, run: Callable, noise: Callable, encode: Callable
) -> None:
    before = run(ref)
    assert done_anew(before) == {"train", "calibrate", "evaluate", "export"}
    rows = load_manifest(ref, workspace.store)
    digest = workspace.store.put(encode(noise(99)))
    outside = {"id": digest, "picture": digest, "label": "a", "state": "kept", "split": "test",
               "source": TEST_SOURCE, "origin": "tray.jpg"}  # fmt: skip
    # before the others: where a row stands is nothing to train by
    others = pd.concat([new_manifest([outside]), rows[rows["split"] != "test"]], ignore_index=True)
    changed = save_manifest(others, workspace.store, "split")
    after = run(changed)
    assert done_anew(after) == {"evaluate", "export"}
    assert (before[2].result.n, after[2].result.n) == (3, 1)
    model = read_model(workspace.store.read(after[3].result.blob), "the file")
    assert model.provenance["dataset_digest"] == changed.digest != ref.digest
    assert is_trained_on(model, others) and is_trained_on(model, rows)
    assert done_anew(run(ref)) == set()


def test_another_validation_picture_trains_again_and_the_same_test_is_judged_by_what_came_of_it(
    workspace: Workspace, ref: ManifestRef, run: Callable
) -> None:
    run(ref)
    rows = load_manifest(ref, workspace.store)
    fewer = save_manifest(
        rows.drop(index=rows.index[rows["split"] == "val"][0]), workspace.store, "s"
    )
    assert {"train", "calibrate"} <= done_anew(run(fewer))


def test_what_says_nothing_of_a_picture_is_nothing_to_train_or_judge_by(
    workspace: Workspace, ref: ManifestRef, run: Callable
) -> None:
    run(ref)
    told = load_manifest(ref, workspace.store).assign(
        rank=7, page="http://elsewhere", detail="moved"
    )
    assert done_anew(run(save_manifest(told, workspace.store, "split"))) == {"export"}
