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

HEADINGS = ("backbone,\nits weights", "accuracy,\naverage position", "less\nthe first",
            "ms an\nanswer")  # fmt: skip


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
    # two lines for each: beside each other the figures would not fit into 80 columns
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for heading in HEADINGS:
        is_name = heading is HEADINGS[0]
        table.add_column(heading, overflow="fold", no_wrap=not is_name)
    for candidate, test in zip(choice.candidates, choice.tests, strict=True):
        is_first = candidate is choice.candidates[0]
        accuracy = spell_estimate(test.b.accuracy, "{:.3f}")
        position = spell_estimate(test.b.average_position, "{:.2f}")
        less = spell_estimate(test.accuracy, "{:+.3f}")
        behind = spell_estimate(test.average_position, "{:+.2f}")
        table.add_row(
            f"{candidate.settings.backbone}\n{candidate.megabytes:.0f} MB, {candidate.license}",
            f"{accuracy}\n{position}",
            "" if is_first else f"{less}\n{behind}",
            f"{candidate.ms:.0f}",
        )
    return table


def _sentences(choice: Choice) -> list[str]:
    test, first = choice.tests[0], choice.candidates[0].settings.backbone
    others = ", ".join(one.settings.backbone for one in choice.as_good[1:])
    return [
        f"Linear probes on {test.n} validation pictures in {test.groups} groups, with 95 % "
        "intervals of pairs; the test pictures were not asked.",
        f"Not to be told from {first}: {others or 'none'}."
        f" The quickest of these is {choice.cheapest.settings.backbone}; the recipe's section "
        "train with it:",
    ]


def _lines(candidate: ProbedBackbone) -> str:
    settings = candidate.settings.model_dump(mode="json", exclude_defaults=True)
    if target := candidate.settings.target:
        settings["target"] = {"shape": target.shape} | settings["target"]
    return describe_training(settings, "chosen by `foodcls choose`, on the validation pictures")
