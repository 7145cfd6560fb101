from types import SimpleNamespace

import pytest

from foodcls.manifest import ManifestRef
from foodcls.recipe.recipe import Recipe
from foodcls.report.ablation_table import Ablation, AblationRow, Trial
from foodcls.runs.stage_result import StageResult
from tasks.tracking.trials import ablation_tags, trial_figures, trial_tags

REPORT = SimpleNamespace(epoch=1, train_loss=1.0, train_accuracy=0.5, val_loss=1.0,
                         val_accuracy=0.5, val_average_position=1.5)  # fmt: skip
CHECKPOINT = SimpleNamespace(reports=(REPORT,), best=REPORT, pretrained_digest="p", train_count=9)
SCORES = SimpleNamespace(headline={"accuracy": 0.8}, per_class=())
PICTURES = StageResult("raw", ManifestRef("raw", "digest", "", 1, 0), 0.0, False)
TRIAL = Trial(
    "raw",
    PICTURES,
    StageResult("train", CHECKPOINT, 1.0, False),
    StageResult("evaluate", SCORES, 1.0, False),
)


@pytest.fixture
def recipe(tmp_path) -> Recipe:
    return Recipe.model_validate(
        {
            "name": "lunch",
            "classes": ({"name": "a"}, {"name": "b"}),
            "collect": {"folder": tmp_path},
        },
        context={"folder": tmp_path},
    )


def test_a_row_has_the_figures_of_a_run_and_how_much_it_learnt_from() -> None:
    figures = list(trial_figures(TRIAL))
    assert ("accuracy", 0.8, 0) in figures and ("val_loss", 1.0, 1) in figures
    assert ("stage/trained_on", 9, 0) in figures


def test_rows_and_table_are_told_apart_by_their_tags(recipe: Recipe) -> None:
    table = Ablation((AblationRow("raw", 9, 0.5, 0.4, 0.6, 10, 1.5, 1.2, 1.9, 3),), 10, 4)
    whole, row = ablation_tags(recipe, table), trial_tags(recipe, TRIAL)
    assert (whole["stage"], row["stage"]) == ("ablation", "ablation row")
    assert whole["recipe_digest"] == row["recipe_digest"] == recipe.digest
    assert row["dataset"] == "raw" and row["dataset_digest"] == "digest"
    assert "| raw | 0.500" in whole["mlflow.note.content"]
