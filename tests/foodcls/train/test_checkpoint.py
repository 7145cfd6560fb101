import dataclasses
import json

import pandas as pd
import pytest

from foodcls.recipe.data_settings import AffineRanges
from foodcls.recipe.train_settings import Extras
from foodcls.train.checkpoint import Checkpoint, EpochReport, describe_extras

Trained = tuple[Checkpoint, pd.DataFrame]


def test_digest_ignores_time_and_sees_all_else(trained: Trained) -> None:
    checkpoint, _ = trained
    slow = tuple(dataclasses.replace(report, seconds=99.0) for report in checkpoint.reports)
    assert dataclasses.replace(checkpoint, reports=slow).digest == checkpoint.digest
    swapped = dataclasses.replace(checkpoint, labels=checkpoint.labels[::-1])
    assert swapped.digest != checkpoint.digest


@pytest.mark.parametrize(
    ("name", "value", "is_seen"), [("lr", 0.5, True), ("seed", 9, True), ("cache_gb", 1.0, False)]
)
def test_digest_sees_the_settings_that_decide_weights(
    trained: Trained, name: str, value: float, is_seen: bool
) -> None:
    checkpoint, _ = trained
    settings = checkpoint.settings.model_copy(update={name: value})
    other = dataclasses.replace(checkpoint, settings=settings)
    assert (other.digest != checkpoint.digest) is is_seen


def test_facts_are_json_and_name_each_setting(trained: Trained) -> None:
    checkpoint, _ = trained
    json.dumps(checkpoint.facts)
    wanted = set(type(checkpoint.settings).model_fields) - {"cache_gb"}
    assert wanted <= set(checkpoint.facts) and checkpoint.facts["weights"] == checkpoint.weights


def test_best_is_the_report_of_the_kept_epoch(trained: Trained) -> None:
    checkpoint, _ = trained
    assert checkpoint.best.epoch == checkpoint.best_epoch
    assert checkpoint.best.val_accuracy == max(r.val_accuracy for r in checkpoint.reports)


def test_no_extra_is_on_by_default() -> None:
    assert describe_extras(Extras()) == ()


def test_an_extra_that_is_on_is_described() -> None:
    extras = Extras.model_validate({"mixup": 0.2, "cosine": True, "tta": 2})
    assert describe_extras(extras) == ("cosine=True", "mixup=0.2", "tta=2")
    # the default ranges are described in full, so that a change of them shows
    (augment,) = describe_extras(Extras(augment=AffineRanges()))
    assert "'rotation': 30.0" in augment


def test_a_report_cannot_be_changed_afterwards() -> None:
    report = EpochReport(1, 1.0, 0.5, 1.2, 0.4, 2.0, 3.0, 1e-3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.val_accuracy = 1.0  # type: ignore[misc]
    assert EpochReport(**dataclasses.asdict(report)) == report
