"""What may be typed after several commands."""

from pathlib import Path
from typing import Annotated

import typer

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe file.")]
Space = Annotated[Path, typer.Option("--workspace", help="Folder for all that the run writes.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace a setting: train.epochs=4."),
]
Again = Annotated[bool, typer.Option("--search-again", help="Ask the search engines anew.")]
Replay = Annotated[Path | None, typer.Option(metavar="MANIFEST", help="Fetch its list again.")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the result here as JSON.")]
