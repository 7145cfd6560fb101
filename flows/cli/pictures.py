"""The commands that take picture files, and no recipe."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Json, Pictures, Table
from flows.cli.output import out, told, write_json


def predict(
    model: Annotated[Path, typer.Argument(help="An exported model, *.pt.")],
    images: Pictures,
    json_file: Json = None,
    csv_file: Table = None,
) -> None:
    """Name what is in pictures.

    A file that cannot be read is named with the reason, the rest go on, and the exit code is 1.
    """
    with told():
        from flows.cli.predict import answer_all, describe_answer, write_csv

        labels, answers = answer_all(out, model, images)
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
    """Find files that show the same picture: copies, resized, recoloured, mirrored, cropped.

    Nothing is deleted. A file that cannot be read is named with the reason, the rest go on, and
    the exit code is 1.
    """
    with told():
        from flows.cli.duplicates import list_rows, show_duplicates, write_csv

        found = show_duplicates(out, images, distance)
        rows = list_rows(found)
        write_json(rows, json_file)
        if csv_file:
            write_csv(rows, csv_file)
    raise typer.Exit(int(bool(found.refused)))
