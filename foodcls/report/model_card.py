"""Writes a model's card, in the form of Hugging Face's: what it is for, was made of, and can do."""

from collections.abc import Iterator, Sequence

import pandas as pd
from huggingface_hub import EvalResult, ModelCardData

from foodcls import __version__
from foodcls.export.attribution import markdown_text
from foodcls.manifest import OWN_SOURCE, TEST_SOURCE, kept_rows
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.scores import Estimate
from foodcls.recipe.recipe import Recipe
from foodcls.report.sentences import FEW, explain_learning, explain_own, explain_scores
from foodcls.report.templates import figure
from foodcls.runs.run_result import Trained
from foodcls.train.checkpoint import Checkpoint

FIGURES = {
    "accuracy": "Accuracy",
    "top3": "The right class is among the first three",
    "macro_recall": "Mean of the classes' recalls",
    "average_position": "Average position of the right class (1 is best)",
}
TOLD = {"source": "its source", "filter": "the engine's filter, no proof", "": "nobody"}
LONGEST = 5000  # characters that MLflow keeps of a description
REST = "\n\n*All of it: MODEL_CARD.md among the run's files.*\n"


def model_card(recipe: Recipe, trained: Trained, manifest: pd.DataFrame) -> str:
    """The card as Markdown, below a YAML head with the keys that Hugging Face reads."""
    checkpoint, scores = trained.checkpoint.result, trained.scores.result
    sections = {
        "Use": _intended(recipe, checkpoint),
        "Figures": _figures(trained, scores),
        "Not tested on": _untested(trained, scores, manifest),
        "Data": _data(manifest),
        "Learning": [explain_learning(checkpoint.settings)],
        "Licenses": _licenses(checkpoint, manifest),
        "Classes": _classes(scores),
        "Made of": _digests(recipe, trained),
    }
    body = "".join(f"\n## {title}\n\n" + "\n".join(lines) + "\n"
                   for title, lines in sections.items())  # fmt: skip
    return f"---\n{_head(recipe, trained)}\n---\n\n# Model card of {recipe.name}\n{body}"


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
        metric_name=f"accuracy (95 %: {_interval(accuracy)}, n = {scores.n})",
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


def _intended(recipe: Recipe, checkpoint: Checkpoint) -> Iterator[str]:
    none = ", or says that it is none of them" if checkpoint.rejection else ""
    yield f"It names the one of {len(recipe.labels)} classes that a picture shows{none}:"
    yield f"{', '.join(map(markdown_text, recipe.labels))}.\n"
    yield f"- Use that its recipe states: {recipe.train.use or 'none'}."
    yield "- To ask it: `foodcls predict FILE.pt PICTURE...`"
    if checkpoint.abstain_below > 0:
        yield (
            f"- Below a probability of {checkpoint.abstain_below:.2f} it calls itself unsure: "
            "a person should look then."
        )


def _figures(trained: Trained, scores: Evaluation) -> Iterator[str]:
    yield from (f"- {sentence}" for sentence in explain_scores(scores))
    own = trained.own_worth
    yield from (f"- {sentence}" for sentence in (explain_own(own) if own else []))
    yield "\n| of the test pictures | value | 95 % interval |\n|---|---:|---:|"
    for name, words in FIGURES.items():
        estimate: Estimate = getattr(scores.scores, name)
        yield f"| {words} | {estimate.value:.3f} | {_interval(estimate)} |"
    yield f"\n{scores.n} test pictures in {scores.groups} groups of look-alikes."


def _untested(trained: Trained, scores: Evaluation, manifest: pd.DataFrame) -> Iterator[str]:
    rows, checkpoint = kept_rows(manifest), trained.checkpoint.result
    if TEST_SOURCE in set(rows["source"]):
        yield "- Its test pictures are of one outside test set, and stand for no other place."
    else:
        yield (
            "- Pictures of other sources than it learnt from: its test pictures were held out of "
            "the same collection."
        )
    if scores.rejection is None:
        refuses = "" if checkpoint.rejection else ": it names a class for each of them"
        yield f"- Pictures of none of its classes{refuses}."
    if trained.own_worth is None:
        yield "- Photos from where it will be used: the recipe names no own ones."
    few = [score.label for score in scores.per_class if score.n < FEW]
    if few:
        names = ", ".join(map(markdown_text, few))
        yield f"- Enough pictures ({FEW}) of {names}: believe their figures by their intervals."
    yield "- Countries, cameras and light one by one: of the pictures nothing of that is known."


def _data(manifest: pd.DataFrame) -> Iterator[str]:
    """Kept pictures by source, licence, and who tells it."""
    kept = kept_rows(manifest)
    rows = kept[kept["parent"] == ""]
    yield "| source | licence | told by | learnt from | chosen by | tested on |"
    yield "|---|---|---|---:|---:|---:|"
    for (source, licence, by), of in rows.groupby(["source", "licence", "licence_by"], sort=True):
        counts = of["split"].value_counts()
        learnt = counts.get("train", 0) + counts.get(OWN_SOURCE, 0)
        numbers = f"{learnt} | {counts.get('val', 0)} | {counts.get('test', 0)}"
        words = markdown_text(str(licence)) or "unknown"
        # of a manifest that is replayed, both may say anything
        told = TOLD.get(str(by)) or markdown_text(str(by))
        yield f"| {markdown_text(str(source))} | {words} | {told} | {numbers} |"
    copies = len(kept) - len(rows)
    yield f"\nBeside them {copies} augmented copies, which have the rights of what they are of."


def _licenses(checkpoint: Checkpoint, manifest: pd.DataFrame) -> Iterator[str]:
    known = checkpoint.license
    yield (
        f"- Pretrained weights of {checkpoint.settings.backbone}: {known}, as its library says."
        if known
        else "- It began from no pretrained weights, or from random ones."
    )
    yield "- Pictures: CREDITS.md and attribution.csv beside the model name author and licence."
    yield (
        "- The model itself: what license it may have follows from these, and is for whoever "
        "publishes it to say. This card states none."
    )


def _classes(scores: Evaluation) -> Iterator[str]:
    yield "| class | test pictures | recall | 95 % interval | precision | 95 % interval |"
    yield "|---|---:|---:|---:|---:|---:|"
    for one in scores.per_class:
        cells = [figure(one.recall), _bounds(one.recall_bounds),
                 figure(one.precision), _bounds(one.precision_bounds)]  # fmt: skip
        yield f"| {markdown_text(one.label)} | {one.n} | {' | '.join(cells)} |"


def _digests(recipe: Recipe, trained: Trained) -> Iterator[str]:
    yield f"- foodcls {__version__}; recipe {recipe.name}, {recipe.digest}"
    yield f"- manifest {trained.pictures.digest}"
    yield f"- exported file {trained.model.result.blob}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.low:.3f} to {estimate.high:.3f}"


def _bounds(bounds: Sequence[float] | None) -> str:
    return f"{bounds[0]:.2f} to {bounds[1]:.2f}" if bounds else "–"
