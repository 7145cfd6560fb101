"""The `foodcls` command: reads what was typed, calls a flow or the library, prints the answer."""

import atexit
import gc as garbage
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.maintenance.commands import (
    doctor,
    engines,
    forget,
    gc,
    promote,
    rollback,
    schedule,
    sync,
    verify,
)
from flows.cli.models.commands import benchmark, export
from flows.cli.options import (
    Again,
    Changes,
    Json,
    Place,
    RecipeFile,
    Replay,
    Runner,
    Space,
    Trainers,
    look_ahead,
    read_recipe,
)
from flows.cli.output import USUAL, find_manifest, out, say, told, write_json
from flows.cli.pages.commands import photograph, review, serve
from flows.cli.pictures.commands import choose, duplicates, predict, propose, suspects, trace, worth
from flows.cli.prefect_server import server_needed, server_starting
from flows.cli.signals import stoppable
from flows.cli.synonyms import Commands
from foodcls import __version__

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
ROOT = Path(__file__).resolve().parents[2]


def show_version(is_asked: bool) -> None:
    """Print the version, and end."""
    if is_asked:
        out.print(f"foodcls {__version__}", highlight=False)
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=show_version, is_eager=True, help="Show the version."),
]


@app.callback()
def foodcls(version: Version = False) -> None:
    """Image classifiers for classes that no dataset has, from pictures of the web."""


@app.command(
    epilog='Examples: `foodcls init photos/`; `foodcls init lunch --classes "pizza, salad"`'
)
def init(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PHOTOS|NAME", help="A folder, a CSV of path,label or label,url, or a new name."
        ),
    ],
    classes: Annotated[str, typer.Option(help="Names, by commas: pictures are searched for.")] = "",
    recipe: Annotated[Path | None, typer.Option(help="Where to write it: NAME.yaml.")] = None,
) -> None:
    """Write a first recipe: for pictures as they lie in folders, or for names alone."""
    with told():
        from flows.cli.init import start_recipe

        start_recipe(source, classes, recipe)


@app.command(epilog="Example: `foodcls run recipes/foods13.yaml --set train.input_size=224`")
def run(
    recipe_file: RecipeFile,
    workspace: Space = USUAL,
    json_file: Json = None,
    changes: Changes = None,
    search_again: Again = False,
    replay: Replay = None,
    store: Place = "",
    runner: Runner = "",
    trainers: Trainers = "",
) -> None:
    """Collect, clean, train, evaluate, export and record: the whole recipe."""
    with told(), stoppable():
        recipe = read_recipe(recipe_file, changes, replay)
        from flows.cli.run import checking_report, recall_run, show_run

        recipe = recipe.fixed()
        result = None if search_again else recall_run(recipe, workspace)
        if result is None:
            look_ahead(recipe, workspace)
            with server_starting():
                from flows.train import train

            with server_needed(), checking_report(workspace):
                result = train(recipe, workspace, search_again)
        write_json(show_run(result, workspace, recipe_file), json_file)


@app.command(epilog="Example: `foodcls prepare recipes/foods13.yaml`")
def prepare(
    recipe_file: RecipeFile,
    workspace: Space = USUAL,
    changes: Changes = None,
    search_again: Again = False,
    replay: Replay = None,
    store: Place = "",
    runner: Runner = "",
) -> None:
    """Collect to augment: the data half only. The pictures' stories land in manifest.csv."""
    with told(), stoppable():
        recipe = read_recipe(recipe_file, changes, replay)
        look_ahead(recipe, workspace, trains=False)
        with server_starting():
            from flows.cli.run import checking_report
            from flows.prepare import prepare as prepare_flow

        with server_needed(), checking_report(workspace):
            prepare_flow(recipe, workspace, search_again)
        say(f"{find_manifest(workspace)} tells what became of each picture")


@app.command(epilog="Example: `foodcls ablate recipes/foods13.yaml`")
def ablate(
    recipe_file: RecipeFile,
    workspace: Space = USUAL,
    json_file: Json = None,
    changes: Changes = None,
    store: Place = "",
    runner: Runner = "",
    trainers: Trainers = "",
) -> None:
    """Train on the pictures raw, filtered, cropped and augmented; compare on the same test ones."""
    with told(), stoppable():
        recipe = read_recipe(recipe_file, changes)
        look_ahead(recipe, workspace)
        with server_starting():
            from flows.ablation import ablate as ablate_flow
            from flows.cli.ablate import tell_ablation
            from flows.cli.run import checking_report

        with server_needed(), checking_report(workspace):
            result = ablate_flow(recipe, workspace)
        write_json(tell_ablation(result, workspace, recipe_file), json_file)


# the commands of other modules, each with an example
EXAMPLES: dict[Callable[..., None], str] = {
    review: "foodcls review recipes/foods13.yaml",
    photograph: "foodcls photograph recipes/foods13.yaml --folder photos/test --host 0.0.0.0",
    propose: "foodcls propose recipes/foods13.yaml",
    suspects: "foodcls suspects recipes/foods13.yaml",
    worth: "foodcls worth recipes/foods13.yaml --more 200",
    trace: "foodcls trace pasta_with_pesto-0003.jpg",
    choose: "foodcls choose recipes/foods13.yaml --backbone tf_efficientnet_lite2",
    predict: "foodcls predict workspace/models/foods13-*.pt photos/ --csv answers.csv",
    serve: "foodcls serve workspace/models/foods13-*.pt --port 8000",
    export: "foodcls export workspace/models/foods13-0a1b2c3d4e5f.pt --format onnx",
    benchmark: "foodcls benchmark workspace/models/foods13-0a1b2c3d4e5f.pt --json speed.json",
    duplicates: "foodcls duplicates photos/ --csv repeats.csv",
    schedule: "foodcls schedule lunch.yaml --cron '0 3 * * 1'",
    doctor: "foodcls doctor",
    engines: "foodcls engines recipes/foods13.yaml",
    promote: "foodcls promote recipes/foods13.yaml 3",
    rollback: "foodcls rollback recipes/foods13.yaml",
    sync: "foodcls sync --workspace workspace",
    verify: "foodcls verify --mend",
    forget: "foodcls forget https://example.org/soup.jpg",
    gc: "foodcls gc --delete --keep-days 60",
}
for command, example in EXAMPLES.items():
    app.command(epilog=f"Example: `{example}`")(command)


@app.command(
    epilog="Example: `foodcls compare foods13@champion foods13@challenger --html compare.html`"
)
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A model, as B.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other.")],
    workspace: Annotated[
        Path, typer.Option("--workspace", help="Whose pictures are answered and shown.")
    ] = USUAL,
    page: Annotated[
        Path | None, typer.Option("--html", help="Write a page with the changed pictures here.")
    ] = None,
    json_file: Json = None,
) -> None:
    """Tell whether model B is better than model A on the same pictures, or cannot be told apart.

    Each is a workspace (its last run), an exported file *.pt (it answers the test pictures of
    --workspace), or in MLflow the id of a run, MODEL@ALIAS or MODEL/VERSION.
    """
    with told():
        from flows.cli.compare import compare as compare_models

        write_json(compare_models(a, b, workspace, page), json_file)


@app.command(epilog="Example: `foodcls demo`")
def demo(workspace: Space = Path("workspace/demo"), json_file: Json = None) -> None:
    """Run everything on a small drawn web on this machine; needs no internet.

    The dishes are drawn: the figures say that the pipeline works, nothing about real food.
    """
    # in a wheel it lies beside the packages, as in a clone
    run(ROOT / "recipes" / "sample.yaml", workspace, json_file)
    out.print("The dishes are drawn: the figures say that the pipeline works, nothing of food.")


def main() -> None:
    """Run the command."""
    # a start makes hundreds of thousands of objects that stay: looking them through for garbage,
    # again and again and at the end, was a quarter of what `predict` took
    garbage.set_threshold(100_000, 50, 100)
    atexit.register(garbage.freeze)
    app()


if __name__ == "__main__":
    main()
