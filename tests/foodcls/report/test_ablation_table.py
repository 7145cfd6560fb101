import csv
import dataclasses
import io
from types import SimpleNamespace

import numpy as np
import pytest

from foodcls.errors import StageError
from foodcls.manifest import KEPT, ManifestRef, new_manifest
from foodcls.metrics.predictions import Predictions, predictions_csv
from foodcls.metrics.scores import Estimate
from foodcls.report.ablation_table import (
    Ablation,
    AblationResult,
    AblationRow,
    Trial,
    ablation_csv,
    ablation_table,
    compare_trials,
    summarize_ablation,
)
from foodcls.runs.run_result import Recorded
from foodcls.runs.stage_result import StageResult
from foodcls.store.store import Store

# a class may be called like a number
TRUTH = ["7", "7", "b", "b", "b"]
MANIFEST = new_manifest(
    {"id": f"{n}", "label": label, "state": KEPT, "split": "test", "box": "0,0,1,1" if n else ""}
    for n, label in enumerate(TRUTH)
)
ROW = AblationRow("raw", 9, 0.5, 0.4, 0.6, 10, 1.5, 1.2, 1.9, 3)


def trial(store: Store, name: str, answers: str, data: str = "", ids: str = "01234") -> Trial:
    """A trial that answered so on the test pictures."""
    labels = ("7", "b")
    sure = np.array([[float(label == answer) for label in labels] for answer in answers])
    truth = np.array([labels.index(label) for label in TRUTH])
    given = Predictions(labels, tuple(ids), ("",) * 5, tuple(ids), truth, sure)
    blob = store.put(predictions_csv(given).encode())
    right = sum(answer == truth for answer, truth in zip(answers, TRUTH, strict=True))
    figures = SimpleNamespace(accuracy=Estimate(right / 5, 0.1, 0.9),
                              average_position=Estimate(1.5, 1.2, 1.9))  # fmt: skip
    scores = SimpleNamespace(n=5, scores=figures, predictions=blob)
    learnt = SimpleNamespace(data_digest=data or name, train_count=9, best_epoch=2)
    pictures = StageResult("split", ManifestRef("", "", "", 1, 0), 0.0, True)
    return Trial(
        name,
        pictures,
        StageResult("train", learnt, 1.0, True),
        StageResult("evaluate", scores, 2.0, False),
    )


def test_each_row_is_compared_with_the_one_above_picture_by_picture(store: Store) -> None:
    trials = [trial(store, "raw", "bb7bb"), trial(store, "filtered", "77bb7"),
              trial(store, "cropped", "77bb7", data="filtered")]  # fmt: skip
    table = compare_trials(trials, MANIFEST, store)
    first, second, third = table.rows
    assert (first.gained, first.lost, first.p_value) == (None, None, None)
    assert (second.gained, second.lost) == (3, 1) and second.accuracy == 0.8
    assert second.p_value == pytest.approx(0.625)
    # of 5 pictures nothing is sure
    assert second.gain == pytest.approx(0.4) and first.gain is None
    assert second.gain_low < -0.2 and second.gain_high > 0.6
    assert (third.gained, third.lost, third.p_value) == (0, 0, 1.0)
    assert third.is_same_set and not second.is_same_set
    assert (table.tests, table.tests_cut) == (5, 4)


@pytest.mark.parametrize("ids", ["01235", "10234"], ids=["another picture", "another order"])
def test_rows_that_were_judged_by_other_pictures_are_refused(store: Store, ids: str) -> None:
    with pytest.raises(StageError, match="'filtered' was judged by other test pictures"):
        compare_trials(
            [trial(store, "raw", "77bbb"), trial(store, "filtered", "77bbb", ids=ids)],
            MANIFEST,
            store,
        )


def test_the_table_can_be_read_as_csv_and_as_markdown() -> None:
    table = Ablation((ROW, dataclasses.replace(ROW, dataset="filtered", gained=2, lost=1)), 10, 4)
    first, second = csv.DictReader(io.StringIO(ablation_csv(table)))
    assert float(first["accuracy_low"]) == 0.4 and first["gained"] == "" and second["gained"] == "2"
    assert "| raw | 0.500 (0.400 to 0.600) | 1.50 (1.20 to 1.90) | 10 |" in ablation_table(table)
    assert "10 test pictures, the same for every row, 4 of them cut" in ablation_table(table)


def test_the_summary_names_steps_by_their_data_set(store: Store, make_run) -> None:
    one = trial(store, "raw", "77bbb")
    done = AblationResult(
        make_run().trained.prepared,
        one.pictures,
        one.pictures,
        (one,),
        StageResult("compare", Ablation((ROW,), 10, 4), 0.0, False),
        StageResult("record", Recorded("uri", "1", "run"), 0.0, False),
    )
    result = summarize_ablation(done)
    assert (
        result["cached"] == ["split", "split", "train raw"]
        and result["seconds"]["evaluate raw"] == 2.0
    )
    assert result["rows"][0]["dataset"] == "raw" and result["mlflow_run_id"] == "run"
