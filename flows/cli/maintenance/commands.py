"""The commands of those who keep a pipeline running: which model serves, and what may go."""

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Again, Json, RecipeFile, Space
from flows.cli.output import USUAL, find_workspace, out, say, told, write_json
from flows.cli.signals import stoppable


def doctor(workspace: Space = USUAL) -> None:
    """Check versions, weights, servers, keys and disk; say what is missing and how to mend it."""
    from flows.cli.run import show_checks
    from foodcls.workspace.doctor import run_checks

    checks = list(run_checks(workspace, dict(os.environ)))
    show_checks(checks)
    raise typer.Exit(int(any(not check.is_fine and check.is_needed for check in checks)))


def engines(
    recipe_file: Annotated[
        Path | None, typer.Argument(metavar="[RECIPE]", help="Ask its engines; else all.")
    ] = None,
    workspace: Space = USUAL,
    query: Annotated[str, typer.Option(help="What to ask for; else the first query.")] = "",
) -> None:
    """Ask each engine one small question: which work, and what do the others need?"""
    with told():
        from flows.cli.run import show_checks
        from foodcls.collect.trial import try_recipe
        from foodcls.recipe.recipe import load_recipe
        from foodcls.workspace.services import as_check
        from foodcls.workspace.workspace import Workspace

        recipe = load_recipe(recipe_file) if recipe_file else None
        store = Workspace.at(workspace).store
        trials = list(try_recipe(recipe, query, os.environ, store))
        show_checks(map(as_check, trials))
    raise typer.Exit(int(not any(one.works for one in trials)))


def promote(
    recipe_file: RecipeFile,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="As MLflow numbers them.")],
    workspace: Space = USUAL,
) -> None:
    """Let a registered version of the recipe's model serve, whatever the tests say of it."""
    with told():
        from foodcls.recipe.recipe import load_recipe
        from foodcls.workspace.workspace import Workspace

        name = load_recipe(recipe_file).name
        from tasks.tracking.registry import appoint

        before = appoint(Workspace.at(workspace), name, version)
        instead = f", instead of version {before}" if before not in ("", version) else ""
        out.print(f"version {version} of {name} serves now{instead}", highlight=False)


def schedule(
    recipe_file: RecipeFile,
    cron: Annotated[
        str, typer.Option(metavar="TIMES", help="Minute, hour, day, month, day of the week.")
    ],
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Default: this machine's.")] = "",
    workspace: Space = USUAL,
    search_again: Again = False,
) -> None:
    """Retrain by the clock, and let the better model serve: a deployment for this recipe.

    It is kept by the Prefect server that PREFECT_API_URL names; typed again, it is renewed.
    """
    with told():
        from flows.cli.maintenance.schedule import schedule_recipe

        schedule_recipe(recipe_file, workspace, cron, timezone, searches=search_again)


def rollback(recipe_file: RecipeFile, workspace: Space = USUAL) -> None:
    """Let the champion before serve again; the one taken back does not return by itself."""
    with told():
        from foodcls.recipe.recipe import load_recipe
        from foodcls.workspace.workspace import Workspace

        name = load_recipe(recipe_file).name
        from tasks.tracking.registry import roll_back

        taken_back, serving = roll_back(Workspace.at(workspace), name)
        out.print(
            f"version {serving} of {name} serves again, version {taken_back} was taken back",
            highlight=False,
        )


def sync(workspace: Space = USUAL) -> None:
    """Send to MLflow what could not be sent when it was recorded.

    MLFLOW_TRACKING_URI names the server; without it, each record goes to the one it was meant for.
    """
    with told():
        from tasks.tracking.send import send_pending

        left = sent = 0
        for one in send_pending(find_workspace(workspace)):
            left, sent = left + bool(one.trouble), sent + (not one.trouble)
            if not one.trouble:
                say(f"{one.run_id} is in {one.address}")
        out.print(f"{sent} sent, {left} left", highlight=False)
    raise typer.Exit(int(left > 0))


def verify(
    workspace: Space = USUAL,
    mend: Annotated[bool, typer.Option("--mend", help="Set what is damaged aside.")] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin again, also where a check was stopped.")
    ] = False,
) -> None:
    """Read all that a workspace holds, and name what is damaged and what it belongs to.

    One that is stopped goes on where it was when it is typed again.
    """
    with told(), stoppable():
        from flows.cli.maintenance.verify import show_damage

        damaged = show_damage(workspace, mends=mend, anew=anew)
    raise typer.Exit(int(damaged > 0))


def forget(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="An address, host, author, licence or id, or a file with one in each line.",
        ),
    ],
    workspace: Space = USUAL,
    delete: Annotated[bool, typer.Option("--delete", help="Do it; else only show.")] = False,
    retrain: Annotated[
        Path | None, typer.Option(metavar="RECIPE", help="With --delete: train anew, and compare.")
    ] = None,
    json_file: Json = None,
) -> None:
    """Forget pictures for good: show who has used them, bar them, remove them, train without them.

    Their look-alikes are forgotten with them. Where WHAT may be several things, write author:NAME,
    host:NAME, licence:NAME, url:ADDRESS or id:DIGITS.
    """
    if retrain and not delete:
        raise typer.BadParameter("--retrain comes with --delete")
    with told():
        from flows.cli.maintenance.forget import retrain_without, show_forgetting

        result = show_forgetting(what, workspace, deletes=delete)
        if retrain:
            result |= retrain_without(retrain, workspace)
        write_json(result, json_file)


def gc(
    workspace: Space = USUAL,
    delete: Annotated[bool, typer.Option("--delete", help="Remove it; else only show.")] = False,
    # a month of weekly runs, so that a recipe of last week finds its work
    keep_days: Annotated[
        int, typer.Option(help="Results last used so long before the last run go.", min=1)
    ] = 30,
    sole: Annotated[
        bool, typer.Option("--sole", help="Workspaces that cannot be looked into are no more.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Name all that may go, not only some of each kind.")
    ] = False,
) -> None:
    """Show what nothing needs any more: old results, blobs that nothing names, leftovers.

    Deleted runs are those of the workspace's own mlflow.db; for a server, type `mlflow gc` there.
    """
    with told(), stoppable():
        from flows.cli.maintenance.gc import tidy_up

        tidy_up(workspace, keep_days, is_sole=sole, deletes=delete, names_all=every)
