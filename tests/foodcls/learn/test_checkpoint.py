import dataclasses
import json

import pandas as pd
import pytest

from foodcls.errors import StoreError
from foodcls.learn.checkpoint import Checkpoint

Trained = tuple[Checkpoint, pd.DataFrame]


def test_a_checkpoint_survives_json(trained: Trained) -> None:
    checkpoint, _ = trained
    assert Checkpoint.from_json(checkpoint.to_json()) == checkpoint
    json.dumps(dataclasses.asdict(checkpoint))


def test_digest_ignores_time_and_sees_all_else(trained: Trained) -> None:
    checkpoint, _ = trained
    slow = tuple(dataclasses.replace(report, seconds=99.0) for report in checkpoint.reports)
    assert dataclasses.replace(checkpoint, reports=slow).digest == checkpoint.digest
    swapped = dataclasses.replace(checkpoint, labels=checkpoint.labels[::-1])
    assert swapped.digest != checkpoint.digest


def test_an_altered_record_is_refused(trained: Trained) -> None:
    checkpoint, _ = trained
    record = json.loads(checkpoint.to_json())
    record["labels"] = record["labels"][::-1]
    with pytest.raises(StoreError, match="altered"):
        Checkpoint.from_json(json.dumps(record))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"digest": "x", "reports": []}', "null"])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="no record"):
        Checkpoint.from_json(text)


def test_best_is_the_report_of_the_kept_epoch(trained: Trained) -> None:
    checkpoint, _ = trained
    assert checkpoint.best.epoch == checkpoint.best_epoch
    assert checkpoint.best.val_accuracy == max(r.val_accuracy for r in checkpoint.reports)
