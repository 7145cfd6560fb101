"""From a recipe to an augmented, split set of pictures."""

from pathlib import Path

from prefect import flow

from foodcls.evaluate.quotas import next_quotas
from foodcls.recipe.recipe import Recipe
from foodcls.runs.run_result import Prepared
from foodcls.workspace.lock import holding
from tasks.data import (
    augment,
    check_tables,
    check_unchanged,
    collect,
    crop,
    dedup,
    draw_distances,
    filter_pictures,
    inspect,
    publish,
    read_barred,
    split,
)
from tasks.engine.cluster import open_workspace, workers
from tasks.engine.ui import title
from tasks.engine.webhook import HOOKS

WORKSPACE = Path("workspace")


@flow(name="prepare", flow_run_name=title, **HOOKS)
def prepare(recipe: Recipe, workspace: Path = WORKSPACE, search_again: bool = False) -> Prepared:
    """Collect, inspect, deduplicate, filter, crop, split and augment.

    `search_again` asks the engines anew even what they answered a short time ago; pictures that
    came before are not fetched again.
    """
    opened, recipe = open_workspace(workspace), recipe.fixed()
    with holding(opened.root), workers():
        check_tables(opened, recipe.filter, recipe.crop, recipe.labels, recipe.test, recipe.report)
        barred = read_barred(opened)
        asked = next_quotas(recipe.classes, recipe.collect, opened.worth)
        found = collect(opened, asked, recipe.collect, recipe.test_pictures, recipe.own_pictures,
                        barred, refresh=search_again, search_again=search_again)  # fmt: skip
        sound = inspect(opened, found, recipe.inspect, recipe.dedup.hash)
        distinct = dedup(opened, sound, recipe.dedup, barred)
        draw_distances(opened, distinct)
        chosen = filter_pictures(opened, distinct, recipe.filter, recipe.labels)
        cropped = crop(opened, chosen, recipe.crop, recipe.labels)
        parted = split(opened, cropped, recipe.split, recipe.labels)
        grown = augment(opened, parted, recipe.augment, recipe.labels)
        prepared = Prepared(found, sound, distinct, chosen, cropped, parted, grown)
        publish(opened, recipe, prepared)
        check_unchanged(recipe)
    return prepared
