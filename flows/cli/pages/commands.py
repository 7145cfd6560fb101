"""The commands that answer over HTTP, as typed; imports nothing slow, for a quick --help."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import AnyModel, Digest, RecipeFile, Space
from flows.cli.output import USUAL, told

Host = Annotated[str, typer.Option(help="0.0.0.0: whoever reaches this machine may ask.")]
Port = Annotated[int, typer.Option(help="0: a free one.", min=0, max=65_535)]


def review(
    recipe_file: RecipeFile,
    workspace: Space = USUAL,
    port: Port = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    test: Annotated[bool, typer.Option("--test", help="Look at the test pictures.")] = False,
    annotator: Annotated[str, typer.Option(help="Your name: it is put beside decisions.")] = "",
) -> None:
    """Look at the pictures on a local page: keep, drop or relabel them, draw boxes.

    Decisions go into the recipe's filter.csv and boxes.csv at once; the next visit goes on. With
    --test say of test pictures, drawn for you, what they show: the report then estimates the
    accuracy on true labels.
    """
    with told():
        from flows.cli.pages.review import open_page

        open_page(
            recipe_file, workspace, port, opens_browser=browser, annotator=annotator, is_test=test
        )


def serve(
    model: AnyModel,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    batch: Annotated[
        int, typer.Option(help="Pictures that go through the network at once.", min=1, max=1024)
    ] = 4,
    queue: Annotated[
        int, typer.Option(help="Pictures that wait; more are told to come again.", min=1)
    ] = 64,
    megabytes: Annotated[float, typer.Option(help="Of one picture, at most.", min=0.001)] = 20,
    seconds: Annotated[
        float, typer.Option(help="For a picture to come, and again to be answered.", min=0.1)
    ] = 30,
    digest: Digest = "",
) -> None:
    """Answer for pictures over HTTP: POST them to /predict, alone or many at once.

    The page at the address that is printed says how. Ctrl-C answers what was taken, and ends.
    """
    with told():
        from flows.cli.pages.serve import serve_model
        from foodcls.serve.service import ServiceLimits

        limits = ServiceLimits(batch, queue, int(megabytes * 1e6), seconds)
        serve_model(model, digest, host, port, limits)


def photograph(
    recipe_file: RecipeFile,
    folder: Annotated[
        Path | None, typer.Option(help="Where photos land; else as test, or own, says.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="0.0.0.0: the phones of this network, by TLS.")
    ] = "127.0.0.1",
    port: Port = 0,
) -> None:
    """Take photos with a phone into the folder of a test set, by class and tray.

    The phone opens a page by a QR code. Ctrl-C ends, and says what to put into the recipe.
    """
    with told():
        from flows.cli.pages.photograph import take_photos

        take_photos(recipe_file, folder, host, port)
