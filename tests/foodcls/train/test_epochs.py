import dataclasses

import pytest

from foodcls.train.epochs import EpochReport


def test_a_report_cannot_be_changed_afterwards() -> None:
    report = EpochReport(1, 1.0, 0.5, 1.2, 0.4, 2.0, 3.0, 1e-3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.val_accuracy = 1.0  # type: ignore[misc]
    assert EpochReport(**dataclasses.asdict(report)) == report
