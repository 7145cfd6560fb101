"""Turns what was typed into overrides of a recipe, or says what is wrong with it."""

from pathlib import Path
from typing import Any

from foodcls.errors import InputError
from foodcls.recipe import load_recipe
from foodcls.recipe_yaml import parse_value


def settle(recipe: Path, changes: list[str] | None, replay: Path | None = None) -> dict[str, Any]:
    """The overrides that were typed; a recipe that is bad with them is refused before anything."""
    changed = overrides(changes) | replayed(replay)
    load_recipe(recipe, changed)
    return changed


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
