"""What may be typed after several commands."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer


def exporting(name: str) -> Callable[[str], str]:
    """Puts what was typed into the environment, where tasks and their children look for it."""

    def export(value: str) -> str:
        if value:
            os.environ[name] = value
        return value

    return export


RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe file.")]
Space = Annotated[Path, typer.Option("--workspace", help="Folder for all that the run writes.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace a setting: train.epochs=4."),
]
Again = Annotated[bool, typer.Option("--search-again", help="Ask the search engines anew.")]
Replay = Annotated[Path | None, typer.Option(metavar="MANIFEST", help="Fetch its list again.")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the result here as JSON.")]
Table = Annotated[Path | None, typer.Option("--csv", help="Also write a table here.")]
Pictures = Annotated[
    list[Path], typer.Argument(metavar="IMAGE...", help="Files, folders or quoted patterns.")
]
Place = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="FOODCLS_STORE",
        metavar="URL",
        help="Where pictures are kept, e.g. s3://bucket/folder; later commands know it.",
        callback=exporting("FOODCLS_STORE"),
    ),
]
Runner = Annotated[
    str,
    typer.Option(
        "--runner",
        envvar="FOODCLS_RUNNER",
        metavar="threads|dask[:ADDRESS]",
        help="Who works on pictures: this machine, or the workers of a Dask scheduler.",
        callback=exporting("FOODCLS_RUNNER"),
    ),
]
