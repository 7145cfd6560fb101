"""Reads a recipe with what was typed to change it, or says what is wrong with either."""

from pathlib import Path
from typing import Any

from foodcls.errors import InputError
from foodcls.recipe.recipe import Recipe, load_recipe
from foodcls.recipe.yaml_lines import parse_value


def read_recipe(path: Path, changes: list[str] | None, replay: Path | None = None) -> Recipe:
    """The recipe with the overrides that were typed: read once, before anything else is done."""
    return load_recipe(path, overrides(changes) | replayed(replay))


def overrides(changes: list[str] | None) -> dict[str, Any]:
    """`["train.epochs=4"]` as {"train.epochs": 4}; values are read as YAML."""
    pairs = [change.partition("=") for change in changes or []]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise InputError(f"--set {key}: write KEY=VALUE, e.g. --set train.epochs=4")
    return {key: parse_value(text) for key, _, text in pairs}


def replayed(manifest: Path | None) -> dict[str, Any]:
    """The settings, by dotted key, that put a manifest in place of a recipe's source."""
    if manifest is None:
        return {}
    # a setting's path counts from the recipe, one that was typed from the current folder
    listed = str(manifest.expanduser().resolve())
    return {"collect.urls": listed, "collect.engines": [], "collect.folder": None}
