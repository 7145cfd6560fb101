"""The options and arguments that several commands share, and the recipe with its overrides."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.output import err, find_manifest, say
from foodcls.errors import InputError

# imported inside the functions, as all of the library: `--help` must not wait for it
if TYPE_CHECKING:
    from foodcls.recipe.recipe import Recipe
    from foodcls.recipe.train_settings import Train


def exported(option: str, name: str, metavar: str, text: str) -> Any:
    """An option that is put into the environment, where tasks and their children look for it."""

    def export(value: str) -> str:
        if value:
            os.environ[name] = value
        return value

    return typer.Option(option, envvar=name, metavar=metavar, help=text, callback=export)


RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe file.")]
Space = Annotated[Path, typer.Option("--workspace", help="Folder for all that the run writes.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace a setting: train.seed=1."),
]
Again = Annotated[bool, typer.Option("--search-again", help="Ask the search engines anew.")]
Replay = Annotated[Path | None, typer.Option(metavar="MANIFEST", help="Fetch its list again.")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the result here as JSON.")]
Table = Annotated[Path | None, typer.Option("--csv", help="Also write a table here.")]
AnyModel = Annotated[
    Path, typer.Argument(help="An exported model: *.pt, *.onnx; with --sha256 *.pt2.")
]
Digest = Annotated[str, typer.Option("--sha256", help="The file's SHA-256, as its maker told you.")]
Pictures = Annotated[
    list[Path], typer.Argument(metavar="IMAGE...", help="Files, folders or quoted patterns.")
]
Place = Annotated[
    str,
    exported(
        "--store",
        "FOODCLS_STORE",
        "URL",
        "Where pictures are kept, e.g. s3://bucket/folder; later commands know it.",
    ),
]
Runner = Annotated[
    str,
    exported(
        "--runner",
        "FOODCLS_RUNNER",
        "threads|dask[:ADDRESS]",
        "Who works on pictures: this machine, or the workers of a Dask scheduler.",
    ),
]
Trainers = Annotated[
    str,
    exported(
        "--trainers",
        "FOODCLS_TRAINERS",
        "N|MxN@HOST:PORT",
        "Train over N processes, or over N on each of M machines that meet here.",
    ),
]


def read_recipe(
    path: Path, changes: list[str] | None = None, replay: Path | None = None
) -> "Recipe":
    """The recipe with the overrides that were typed: read once, before anything else is done."""
    from foodcls.init.class_folders import check_folders, check_own, list_unused
    from foodcls.recipe.recipe import load_recipe

    recipe = load_recipe(path, overrides(changes) | replayed(replay))
    check_folders(recipe)
    check_own(recipe.own, recipe.labels, path)
    for line in list_unused(recipe):
        say(line, "yellow", err)
    return recipe


def read_prepared(path: Path, workspace: Path, changes: list[str] | None = None) -> "Recipe":
    """The recipe of pictures that are there: checked before torch is imported to judge them."""
    recipe = read_recipe(path, changes)
    find_manifest(workspace, path)
    return recipe


def look_ahead(recipe: "Recipe", workspace: Path, *, trains: bool = True) -> None:
    """Check what would fail late in a run, before Prefect, MLflow and torch are imported."""
    from foodcls.init.class_folders import check_outside
    from foodcls.network.at_hand import check_backbone
    from foodcls.workspace.lock import check_free
    from foodcls.workspace.workspace import Workspace

    check_outside(recipe, workspace)
    if trains:
        check_backbone(recipe.train, os.environ)
        _check_trainable(recipe.train)
        if os.environ.get("FOODCLS_TRAINERS"):
            from tasks.trainers.launch import check_trainers

            check_trainers()
    if recipe.collect.urls:
        from foodcls.collect.url_list import check_urls

        check_urls(recipe.collect, recipe.labels)
    check_free(Workspace.at(workspace, os.environ.get("FOODCLS_STORE", "")).root)


def _check_trainable(settings: "Train") -> None:
    from foodcls.network.module_names import check_trainable

    named = settings.trainable if settings.trainable != "auto" else ()
    if named and not check_trainable(settings.backbone, named):
        # where other versions of the libraries are installed: a second or two more
        from foodcls.network.network import start_network, with_own_size

        start_network(with_own_size(settings.model_copy(update={"weights": "none"})), classes=2)


def overrides(changes: list[str] | None) -> dict[str, Any]:
    """`["train.seed=1"]` as {"train.seed": 1}; values are read as YAML."""
    from foodcls.recipe.yaml_lines import parse_value

    pairs = [change.partition("=") for change in changes or []]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise InputError(f"--set {key}: write KEY=VALUE, e.g. --set train.seed=1")
    return {key: parse_value(text) for key, _, text in pairs}


def replayed(manifest: Path | None) -> dict[str, Any]:
    """Overrides that fetch a manifest's addresses in place of what the recipe collects."""
    if manifest is None:
        return {}
    # a setting's path counts from the recipe, one that was typed from the current folder
    listed = str(manifest.expanduser().resolve())
    asked: dict[str, Any] = {
        "collect.engines": [],
        "collect.folder": [],
        "collect.quotas": "even",
    }
    return {"collect.urls": listed} | asked
