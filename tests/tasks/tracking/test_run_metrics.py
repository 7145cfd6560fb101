from types import SimpleNamespace

import pytest

from foodcls.manifest import ManifestRef
from foodcls.metrics.evaluation import Evaluation
from foodcls.recipe.recipe import Recipe
from tasks.tracking.run_metrics import (
    PARAM_LENGTH,
    final_figures,
    metric_name,
    run_figures,
    run_settings,
)

REPORTS = tuple(
    SimpleNamespace(epoch=epoch, train_loss=1.0, train_accuracy=0.5, val_loss=1 / epoch,
                    val_accuracy=0.5, val_average_position=1.5)
    for epoch in (1, 2)
)  # fmt: skip
CHECKPOINT = SimpleNamespace(reports=REPORTS, best=REPORTS[1])
LABELS = ("fish & chips", "b", "no pictures")


@pytest.fixture
def scores(judged) -> Evaluation:
    """Of 10 pictures 8 are right; one class has none."""
    return judged([[4, 1, 0], [1, 4, 0], [0, 0, 0]], LABELS)


def test_each_epoch_has_its_figures_and_the_run_has_the_final_ones(scores, make_run) -> None:
    found = ManifestRef("collect", "d", "b", 9, 1)
    trained = make_run(found=found, checkpoint=CHECKPOINT, scores=scores).trained
    figures = list(run_figures(trained, trained.steps))
    assert [value for name, value, epoch in figures if name == "val_loss"] == [1.0, 0.5]
    assert ("accuracy", 0.8, 0) in figures and ("stage/collect_kept", 9, 0) in figures
    assert ("stage/export_seconds", 1.0, 0) in figures
    assert len({(name, epoch) for name, _, epoch in figures}) == len(figures)


def test_a_class_without_test_pictures_has_no_recall(scores) -> None:
    figures = final_figures(CHECKPOINT, scores)
    assert figures["recall/fish _ chips"] == 0.8 and "recall/no pictures" not in figures
    assert figures["best_epoch"] == 2 and figures["best_val_loss"] == 0.5


@pytest.mark.parametrize("label", ["fish & chips", "crème (brûlée)", "a.b-c_d"])
def test_metric_names_are_such_as_mlflow_takes(label: str) -> None:
    from mlflow.utils.validation import _validate_metric_name

    _validate_metric_name(f"recall/{metric_name(label)}")


def test_a_setting_is_as_long_as_mlflow_takes() -> None:
    """Cut before it is compared with what earlier runs have on the server."""
    recipe = Recipe.model_construct(name="x" * (PARAM_LENGTH + 1))
    assert run_settings(recipe)["name"] == "x" * PARAM_LENGTH
