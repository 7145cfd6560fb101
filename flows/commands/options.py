"""Options of several subcommands that say where work is kept and who does it."""

import os
from functools import partial
from typing import Annotated

import typer


def export(name: str, value: str) -> str:
    """Put what was typed into the environment, where tasks and their children look for it."""
    if value:
        os.environ[name] = value
    return value


Place = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="FOODCLS_STORE",
        metavar="URL",
        help="Where pictures are kept, e.g. s3://bucket/folder; later commands know it.",
        callback=partial(export, "FOODCLS_STORE"),
    ),
]
Runner = Annotated[
    str,
    typer.Option(
        "--runner",
        envvar="FOODCLS_RUNNER",
        metavar="threads|dask[:ADDRESS]",
        help="Who works on pictures: this machine, or the workers of a Dask scheduler.",
        callback=partial(export, "FOODCLS_RUNNER"),
    ),
]
