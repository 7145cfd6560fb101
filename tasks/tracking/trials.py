"""What of an ablation is kept for comparison: tags and figures; knows nothing of MLflow."""

from collections.abc import Iterator

from foodcls.recipe.recipe import Recipe
from foodcls.report.ablation_table import Ablation, Trial, ablation_table
from tasks.tracking.run_metrics import Figure, common_tags, model_figures


def ablation_tags(recipe: Recipe, table: Ablation) -> dict[str, str]:
    """What the run of a whole ablation is found by again."""
    return {
        **common_tags(recipe, "ablation"),
        "mlflow.note.content": ablation_table(table),
    }


def trial_tags(recipe: Recipe, trial: Trial) -> dict[str, str]:
    """What a row of an ablation is found by again."""
    return {
        **common_tags(recipe, "ablation row"),
        "dataset": trial.name,
        "dataset_digest": trial.pictures.result.digest,
        "pretrained_digest": trial.checkpoint.result.pretrained_digest,
    }


def trial_figures(trial: Trial) -> Iterator[Figure]:
    """What a row of an ablation is compared by."""
    yield from model_figures(trial.checkpoint.result, trial.scores.result)
    yield "stage/trained_on", trial.checkpoint.result.train_count, 0
