"""Compares backbones on the pictures that a model is chosen by, and says which to name."""

from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from flows.cli.output import open_prepared, out, say, say_sentences, spell_estimate
from foodcls.choose import Choice, ProbedBackbone, backbones_at_hand, choose_backbone
from foodcls.init.draft import describe_training
from foodcls.recipe.recipe import Recipe
from tasks.engine.progress import open_features

HEADINGS = ("backbone", "accuracy", "less the first", "average position", "less the first",
            "ms an answer", "MB", "license of the weights")  # fmt: skip


def show_choice(recipe_file: Path, recipe: Recipe, folder: Path, backbones: Sequence[str]) -> None:
    """Print a table of backbones and the cheapest of the best; those at hand if none is named."""
    workspace, manifest = open_prepared(recipe_file, folder)
    features, train = open_features(workspace, recipe.train.cache_bytes), recipe.train
    names = backbones or backbones_at_hand(train)
    print_choice(choose_backbone(manifest, recipe.labels, train, names, features))


def print_choice(choice: Choice) -> None:
    """Print the table, what cannot be told apart, and the lines to write."""
    out.print(_table(choice))
    say_sentences(*_sentences(choice))
    say(_lines(choice.cheapest))


def _table(choice: Choice) -> Table:
    table = Table(*HEADINGS, box=SIMPLE_HEAD)
    for candidate, test in zip(choice.candidates, choice.tests, strict=True):
        is_first = candidate is choice.candidates[0]
        table.add_row(
            candidate.settings.backbone,
            spell_estimate(test.b.accuracy, "{:.3f}"),
            "" if is_first else spell_estimate(test.accuracy, "{:+.3f}"),
            spell_estimate(test.b.average_position, "{:.2f}"),
            "" if is_first else spell_estimate(test.average_position, "{:+.2f}"),
            f"{candidate.ms:.0f}",
            f"{candidate.megabytes:.0f}",
            candidate.license,
        )
    return table


def _sentences(choice: Choice) -> list[str]:
    test, first = choice.tests[0], choice.candidates[0].settings.backbone
    others = ", ".join(one.settings.backbone for one in choice.as_good[1:])
    return [
        f"Linear probes on {test.n} validation pictures in {test.groups} groups, with 95 % "
        "intervals of pairs; the test pictures were not asked.",
        f"Not to be told from {first}: {others or 'none'}."
        f" The quickest of these is {choice.cheapest.settings.backbone}; for the recipe:",
    ]


def _lines(candidate: ProbedBackbone) -> str:
    names = ("backbone", "input_size", "method", "hidden_units")
    settings = {name: getattr(candidate.settings, name) for name in names}
    return describe_training(settings, "chosen by `foodcls choose`, on the validation pictures")
