"""The commands about a model's files, as typed; imports nothing slow, for a quick --help."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Json, Space
from flows.cli.output import USUAL, told, write_json

ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="An exported model, *.pt.")]


def export(
    model: ModelFile,
    formats: Annotated[
        list[str],
        typer.Option(
            "--format", help="onnx, onnx_int8, exported_program, aotinductor, web; repeatable."
        ),
    ],
    workspace: Space = USUAL,
    margin: Annotated[
        float, typer.Option(help="How much accuracy int8 may cost against fp32.", min=0, max=0.99)
    ] = 0.02,
    runtime: Annotated[
        Path | None,
        typer.Option(help="For web: the npm package onnxruntime-web; else npm fetches it."),
    ] = None,
) -> None:
    """Write a model that exists in further formats, beside its .pt file.

    Each is written only if it answers as the trained network does, which --workspace has; int8 only
    if a paired test on the test pictures shows that it costs less than --margin. web is a folder
    with a page that runs the model in a browser, served by any static server.
    """
    with told():
        from flows.cli.models.export import export_formats

        export_formats(model, formats, workspace, margin, runtime)


def benchmark(
    model: ModelFile,
    workspace: Space = USUAL,
    threads: Annotated[int, typer.Option(help="Of each format; 0: a core each.", min=0)] = 0,
    seconds: Annotated[
        float, typer.Option(help="That each batch size is timed for, at least.", min=0)
    ] = 3.0,
    json_file: Json = None,
) -> None:
    """Measure a model's formats on this machine: accuracy, time, size, memory and start.

    The test pictures of --workspace are answered by each file beside MODEL, in a process of its
    own, and by eager torch where the checkpoint is there. The table is logged to MLflow.
    """
    with told():
        from flows.cli.models.benchmark import run_benchmark

        write_json(run_benchmark(model, workspace, threads, seconds), json_file)
