"""Checks the folders that a recipe names: one for each class, by its name."""

import unicodedata
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from foodcls.errors import RecipeError, command_line
from foodcls.image.listing import is_aside
from foodcls.recipe.data_settings import Own
from foodcls.recipe.recipe import Recipe
from foodcls.recipe.yaml_lines import parse_yaml

SHOWN = 10  # classes and folders in a message


def check_folders(recipe: Recipe) -> None:
    """RecipeError when a class has no folder among those of the pictures, nor another source."""
    chosen, source = recipe.collect, recipe.source
    if chosen.labels:
        return _check_labels(chosen.labels, recipe)
    roots = () if chosen.engines or chosen.urls else chosen.folder
    there = sorted({name for root in roots for name in _list_folders(root)})
    absent = [label for label in recipe.labels if roots and label not in there]
    if not absent:
        return
    _, lines = parse_yaml(source.data, source.path) if source.data else ({}, {})
    said = [
        f"  line {lines.get(('classes', recipe.labels.index(label)), 1)}: no folder "
        f"{roots[0]}/{label}{_hint(label, there)}"
        for label in absent[:SHOWN]
    ]
    more = f"\n  and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
    listed = ", ".join(there[:SHOWN]) + (", …" if len(there) > SHOWN else "")
    raise RecipeError(
        f"{source.path}: {len(absent)} of {len(recipe.labels)} classes have no pictures\n"
        + "\n".join(said)
        + f"{more}\nthere are {listed or 'no folders'}; a class is called as its folder"
    )


def _check_labels(table: Path, recipe: Recipe) -> None:
    from foodcls.tables.label_table import read_labels  # brings pandas, and few recipes name one

    there = sorted({row.label for row in read_labels(table)})
    absent = [] if recipe.collect.engines or recipe.collect.urls else [
        label for label in recipe.labels if label not in there]  # fmt: skip
    if absent:
        raise RecipeError(
            f"{recipe.source.path}: {', '.join(map(repr, absent[:SHOWN]))}: no row of {table} has "
            f"such a label; there are {', '.join(map(repr, there[:SHOWN]))}"
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


def check_outside(recipe: Recipe, workspace: Path) -> None:
    """RecipeError where the workspace lies among the pictures: they would change as it grows."""
    folders = (*recipe.collect.folder, *(one.folder for one in (recipe.test, recipe.own) if one))
    for folder in map(Path.resolve, folders):
        if workspace.resolve().is_relative_to(folder):
            raise RecipeError(
                f"the workspace {workspace} would lie among the pictures of {folder}; name another "
                f"place: {command_line('--workspace', folder.parent / workspace.name)}"
            )


def list_unused(recipe: Recipe) -> Iterator[str]:
    """A line for each file of decisions that lies beside a recipe which does not name it."""
    folder = recipe.source.path.resolve().parent
    for key, name, named in (
        ("filter: {manifest", "filter.csv", recipe.filter.manifest),
        ("crop: {boxes", "boxes.csv", recipe.crop.boxes),
    ):
        if named is None and (folder / name).exists():
            yield (
                f"{name} lies beside {recipe.source.path.name}, which does not name it: what is "
                f"in it does not count. To use it, add the line {key}: {name}}}"
            )


def _list_folders(root: Path) -> list[str]:
    names = (unicodedata.normalize("NFC", path.name) for path in root.iterdir() if path.is_dir())
    return sorted(name for name in names if not is_aside(name))


def _hint(label: str, there: list[str]) -> str:
    plain = {name.casefold(): name for name in there}
    close = get_close_matches(label.casefold(), plain, n=1)
    return f"; did you mean {plain[close[0]]!r}?" if close else ""
