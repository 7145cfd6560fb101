"""Options of several subcommands that say where work is kept and who does it."""

import os
from collections.abc import Callable
from typing import Annotated

import typer


def exporting(name: str) -> Callable[[str], str]:
    """Puts what was typed into the environment, where tasks and their children look for it."""

    def export(value: str) -> str:
        if value:
            os.environ[name] = value
        return value

    return export


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
