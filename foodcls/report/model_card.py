"""Writes a model's card, in the form of Hugging Face's: what it is for, was made of, and can do."""

from collections.abc import Iterator

import pandas as pd
from huggingface_hub import EvalResult, ModelCardData

from foodcls import __version__
from foodcls.manifest import OWN_SOURCE, TEST_SOURCE, kept_rows
from foodcls.recipe.recipe import Recipe
from foodcls.report.sentences import FEW, explain_learning, explain_own, explain_scores
from foodcls.report.templates import bounds, render_page
from foodcls.runs.run_result import Trained

FIGURES = {
    "accuracy": "Accuracy",
    "top3": "The right class is among the first three",
    "macro_recall": "Mean of the classes' recalls",
    "average_position": "Average position of the right class (1 is best)",
}
COUNTED = ("source", "licence", "licence_by", "split", "parent")
TOLD = {"source": "its source", "filter": "the engine's filter, no proof", "": "nobody"}
LONGEST = 5000  # characters that MLflow keeps of a description
REST = "\n\n*All of it: MODEL_CARD.md among the run's files.*\n"


def model_card(recipe: Recipe, trained: Trained, manifest: pd.DataFrame) -> str:
    """The card as Markdown, below a YAML head with the keys that Hugging Face reads."""
    checkpoint, scores = trained.checkpoint.result, trained.scores.result
    kept = kept_rows(manifest, *COUNTED)
    originals, own = kept[kept["parent"] == ""], trained.own_worth
    values = {
        "head": _head(recipe, trained),
        "recipe": recipe,
        "checkpoint": checkpoint,
        "scores": scores,
        "own_worth": own,
        "meaning": [*explain_scores(scores), *(explain_own(own) if own else [])],
        "figures": FIGURES,
        "has_outside_test": TEST_SOURCE in set(kept["source"]),
        "few": [score.label for score in scores.per_class if score.n < FEW],
        "enough": FEW,
        "origins": list(_origins(originals)),
        "copies": len(kept) - len(originals),
        "learning": explain_learning(checkpoint.settings),
        "version": __version__,
        "pictures": trained.pictures,
        "blob": trained.model.result.blob,
    }
    return render_page("model_card.md", values)


def card_description(card: str) -> str:
    """The card without its head, as far as a registry's description holds it, in whole lines."""
    body = card.split("---\n", 2)[-1].strip()
    if len(body) <= LONGEST:
        return body
    return body[: LONGEST - len(REST)].rpartition("\n")[0] + REST


def _head(recipe: Recipe, trained: Trained) -> str:
    checkpoint, scores = trained.checkpoint.result, trained.scores.result
    accuracy = scores.scores.accuracy
    result = EvalResult(
        task_type="image-classification",
        dataset_type=recipe.name,
        dataset_name=f"test pictures of {recipe.name}",
        dataset_split=scores.split,
        dataset_revision=trained.pictures.digest,
        metric_type="accuracy",
        metric_name=f"accuracy (95 %: {bounds(accuracy, 3)}, n = {scores.n})",
        metric_value=round(accuracy.value, 4),
    )
    data = ModelCardData(
        model_name=recipe.name,
        eval_results=[result],
        library_name="foodcls",
        pipeline_tag="image-classification",
        metrics=["accuracy"],
        tags=["torchscript", checkpoint.settings.backbone],
    )
    return str(data.to_yaml()).strip()


def _origins(rows: pd.DataFrame) -> Iterator[tuple[str, str, str, tuple[int, int, int]]]:
    """Source, licence, who tells it, and how many are learnt from, chosen by and tested on."""
    for (source, licence, by), of in rows.groupby(["source", "licence", "licence_by"], sort=True):
        counts = of["split"].value_counts()
        names = ("train", "val", "test", OWN_SOURCE)
        learnt, chosen, tested, own = (int(counts.get(name, 0)) for name in names)
        # of a manifest that is replayed, it may be anything
        told_by = TOLD.get(str(by), str(by))
        yield str(source), str(licence), told_by, (learnt + own, chosen, tested)
