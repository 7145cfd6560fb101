"""Checks the folders that a recipe names: one for each class, by its name."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from foodcls.errors import RecipeError
from foodcls.recipe.data_settings import SHOWN, Collect, Own


def check_folders(settings: Collect, labels: Sequence[str], recipe: Path) -> None:
    """RecipeError when a class has no folder among those of the pictures, nor another source."""
    if (root := settings.folder) and not (settings.engines or settings.urls):
        there = _list_folders(root)
        if absent := [label for label in labels if label not in there]:
            raise RecipeError(
                f"{recipe}: collect.folder: {root} has no folder for {len(absent)} of "
                f"{len(labels)} classes: {', '.join(map(repr, absent[:SHOWN]))}; there are "
                f"{', '.join(map(repr, there[:SHOWN])) or 'no folders'}; a class is called as its "
                "folder"
            )


def check_own(settings: Own | None, labels: Sequence[str], recipe: Path) -> None:
    """RecipeError when a folder among those of own photos is called as no class, or none is."""
    if settings is None:
        return
    there = _list_folders(settings.folder)
    strange = [name for name in there if name not in labels]
    if strange or not there:
        found = ", ".join(map(repr, strange[:SHOWN])) or "no folders"
        raise RecipeError(
            f"{recipe}: own.folder: {settings.folder} has {found} beside the classes; a folder is "
            f"called as its class: {', '.join(map(repr, labels[:SHOWN]))}; a class may have none"
        )


def _list_folders(root: Path) -> list[str]:
    names = (unicodedata.normalize("NFC", path.name) for path in root.iterdir() if path.is_dir())
    return sorted(name for name in names if not name.startswith("."))
