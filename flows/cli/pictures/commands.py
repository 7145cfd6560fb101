"""The commands that look at pictures, as typed; imports nothing slow, for a quick --help."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import (
    AnyModel,
    Changes,
    Digest,
    Json,
    Pictures,
    RecipeFile,
    Space,
    Table,
    read_prepared,
)
from flows.cli.output import USUAL, told, write_json


def predict(
    model: AnyModel,
    images: Pictures,
    json_file: Json = None,
    csv_file: Table = None,
    digest: Digest = "",
) -> None:
    """Name what is in pictures.

    A file that cannot be read is named with the reason, the rest go on, and the exit code is 1.
    """
    with told():
        from flows.cli.pictures.predict import answer_all, describe_answer, write_csv

        labels, answers = answer_all(model, images, digest)
        write_json([describe_answer(answer, labels) for answer in answers], json_file)
        if csv_file:
            write_csv(answers, labels, csv_file)
    raise typer.Exit(int(any(answer.error for answer in answers)))


def duplicates(
    images: Pictures,
    distance: Annotated[
        int, typer.Option(help="Bits of 64 that two hashes may differ by.", min=0, max=32)
    ] = 6,
    json_file: Json = None,
    csv_file: Table = None,
) -> None:
    """Find files that show the same picture: copies, resized, recolored, mirrored, cropped.

    Nothing is deleted. A file that cannot be read is named with the reason, the rest go on, and
    the exit code is 1.
    """
    with told():
        from flows.cli.pictures.duplicates import list_rows, show_duplicates, write_csv

        found = show_duplicates(images, distance)
        rows = list_rows(found)
        write_json(rows, json_file)
        if csv_file:
            write_csv(rows, csv_file)
    raise typer.Exit(int(bool(found.refused)))


def propose(recipe_file: RecipeFile, workspace: Space = USUAL) -> None:
    """Propose a box for each picture that has none; `foodcls review` shows them to accept."""
    with told():
        recipe = read_prepared(recipe_file, workspace)
        from flows.cli.pictures.propose import suggest_boxes

        suggest_boxes(recipe_file, recipe, workspace)


def suspects(recipe_file: RecipeFile, workspace: Space = USUAL) -> None:
    """Rank the pictures by how likely they are mislabeled or unrelated, into suspects.csv."""
    with told():
        recipe = read_prepared(recipe_file, workspace)
        from flows.cli.pictures.suspects import list_suspects

        list_suspects(recipe_file, recipe, workspace)


def worth(
    recipe_file: RecipeFile,
    workspace: Space = USUAL,
    more: Annotated[int, typer.Option(help="Pictures of a class to learn from.", min=1)] = 120,
) -> None:
    """Forecast what more pictures of each class would add, with intervals, into worth.csv.

    With `collect.quotas: auto` the next crawl asks for more of the classes that gain by it.
    """
    with told():
        recipe = read_prepared(recipe_file, workspace)
        from flows.cli.pictures.worth import show_worth

        show_worth(recipe_file, recipe, workspace, more)


def trace(
    picture: Annotated[
        str,
        typer.Argument(metavar="IMAGE_OR_ID", help="A file, a URL or the end of one, or an id."),
    ],
    workspace: Space = USUAL,
    page: Annotated[Path | None, typer.Option("--html", help="Also write a page here.")] = None,
    recipe_file: Annotated[
        Path | None, typer.Option("--recipe", help="Tell what was decided by it too.")
    ] = None,
) -> None:
    """Tell the story of one picture: where it came from and what became of it."""
    with told():
        from flows.cli.pictures.trace import show_trace

        show_trace(picture, workspace, page, recipe_file)


def choose(
    recipe_file: RecipeFile,
    workspace: Space = USUAL,
    backbones: Annotated[
        list[str] | None,
        typer.Option(
            "--backbone",
            metavar="NAME",
            help="Compare these; else all whose weights are here.",
        ),
    ] = None,
    changes: Changes = None,
) -> None:
    """Compare backbones on the validation pictures: accuracy, time, size, license.

    Of those that cannot be told from the best, the quickest is named, with lines for the recipe.
    """
    with told():
        recipe = read_prepared(recipe_file, workspace, changes)
        from flows.cli.pictures.choose import show_choice

        show_choice(recipe_file, recipe, workspace, backbones or ())
