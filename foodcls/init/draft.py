"""Writes a short recipe for what was found, each choice with its reason as a comment."""

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from foodcls.errors import InputError
from foodcls.init.survey import Survey
from foodcls.recipe.recipe import RecipeSource, parse_recipe
from foodcls.recipe.yaml_lines import quote
from foodcls.redact import one_line

GUESSED = ("{}", "{} photo", "{} close up")  # queries for a name
SHOWN = 10  # classes in a message
HIGHEST = 60  # characters of a recipe's name
# of the smallest class, from so many pictures on, a smaller share tells enough
MANY, FEW = 500, 15


def place_outside(found: Survey, path: Path) -> Path:
    """`path`, or where it and the workspace beside it would lie among the pictures, beside them."""
    for source in map(Path.resolve, found.sources):
        if source.is_dir() and path.resolve().is_relative_to(source):
            return source.parent / path.name
    return path


def check_counts(found: Survey) -> None:
    """InputError where a class has too few pictures for each of the splits to have one."""
    needed = 2 if found.test else 3
    few = [f"{label} ({count})" for label, count in found.counts.items() if count < needed]
    if few:
        splits = "training and validation" if found.test else "training, validation and tests"
        more = f" and {len(few) - SHOWN} more" if len(few) > SHOWN else ""
        is_table = found.labels or found.sources[0].is_file()
        out = "take their rows out" if is_table else f"move their folders out of {found.sources[0]}"
        raise InputError(
            f"too few pictures of {', '.join(few[:SHOWN])}{more}: {splits} need at least {needed} "
            f"of each class, and look-alikes count once; add pictures, or {out}"
        )


def draft_recipe(found: Survey, name: str, path: Path, how: str) -> str:
    """The text of a recipe at `path` for the pictures found; `how` are lines on the training."""
    least, most = min(found.counts.values()), max(found.counts.values())
    span = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    heads = [f"{len(found.counts)} classes, {span} pictures each, "
             f"{sum(found.counts.values()):,} in all"]  # fmt: skip
    if found.test_counts:
        heads.append(f"{found.test} judges: {sum(found.test_counts.values()):,} pictures "
                     "that are never learnt from")  # fmt: skip
    source = "urls" if found.sources[0].is_file() else "folder"
    places = ", ".join(_relative(place, path) for place in found.sources)
    listed = f"[{places}]" if len(found.sources) > 1 else places
    labels = f", labels: {_relative(found.labels, path)}" if found.labels else ""
    # a folder's name may hold the end of a line, behind which a recipe would go on
    lines = [f"# {one_line(line)}" for line in (*heads, *found.notes)]
    lines += [f"name: {name}", "classes: # in the model's output order"]
    lines += [f"  - {quote(label)} # {count}" for label, count in found.counts.items()]
    lines += [f"collect: {{{source}: {listed}{labels}}}"]
    if found.test:
        grouping = f", grouped_by_folder: {found.grouped}" if found.grouped else ""
        lines += [f"test: {{folder: {_relative(found.test, path)}{grouping}}}"]
    share = f"{_share(least):g}"
    lines += [f"split: {{val: {share}{'' if found.test else f', test: {share}'}}}"]
    return "\n".join([*lines, how, ""])


def draft_from_names(classes: Sequence[str], name: str, how: str) -> str:
    """The text of a recipe that looks for pictures of the named classes in the web."""
    lines = ["# The queries are guesses: write what you would type to find good ones."]
    lines += [f"name: {name}", "classes: # in the model's output order"]
    for label in classes:
        plain = label.replace("_", " ")
        queries = ", ".join(quote(query.format(plain)) for query in GUESSED)
        lines += [f"  - {{name: {quote(label)}, queries: [{queries}]}}"]
    lines += ["collect: {engines: [commons, openverse, bing]}", how, ""]
    return "\n".join(lines)


def write_draft(text: str, path: Path) -> None:
    """Write a recipe that reads well; InputError where a file is there already."""
    parse_recipe(RecipeSource(path, text.encode()))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        is_there = isinstance(error, FileExistsError)
        reason = "is there already, and stays as it is" if is_there else error.strerror
        raise InputError(f"{path} {reason}; name another with --recipe FILE") from error


def plain_name(text: str) -> str:
    """A recipe's name made of any text: of the model, its experiment and its files."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "_", ascii_text).strip("_").lower()[:HIGHEST] or "pictures"


def _share(least: int) -> float:
    """The share of each class for validation, and for tests: larger where pictures are few."""
    return 0.1 if least >= MANY else 0.2 if least >= FEW else 0.3


def _relative(place: Path, recipe: Path) -> str:
    """As a recipe names it: from its own folder, but for what lies elsewhere."""
    place, folder = place.resolve(), recipe.resolve().parent
    inside = place.is_relative_to(folder)
    return quote(os.path.relpath(place, folder) if inside else str(place))


def describe_training(settings: Mapping[str, object], reason: str) -> str:
    """A section `train` of these settings, and why they were chosen."""
    section = yaml.safe_dump({"train": dict(settings)}, default_flow_style=None, sort_keys=False)
    return f"# {reason}\n{section.rstrip()}"
