"""From a recipe to an augmented, split set of pictures."""

from pathlib import Path
from typing import Any

from prefect import flow

from flows.titles import title
from foodcls.lock import holding
from foodcls.manifest import ManifestRef
from foodcls.recipe import load_recipe
from foodcls.steps import Step
from tasks.artifacts import show_stages
from tasks.data import (
    augment,
    check_tables,
    choose,
    collect,
    crop,
    dedup,
    inspect,
    publish,
    show_counts,
    show_distances,
    split,
)
from tasks.machines import hands, open_space
from tasks.webhook import HOOKS

WORKSPACE = Path("workspace")


@flow(name="prepare", flow_run_name=title, **HOOKS)
def prepare(
    recipe: Path,
    overrides: dict[str, Any] | None = None,
    workspace: Path = WORKSPACE,
    search_again: bool = False,
) -> list[Step[ManifestRef]]:
    """Collect, inspect, deduplicate, filter, crop, split and augment.

    `overrides` replaces settings by dotted key, e.g. {"train.epochs": 4}. `search_again` asks the
    engines anew even what they answered a short time ago; pictures that came before are not fetched
    again.
    """
    plan, space = load_recipe(recipe, overrides), open_space(workspace)
    with holding(space.root), hands():
        check_tables(space, plan.filter, plan.crop, plan.labels, plan.test)
        found = collect(space, plan.classes, plan.collect, plan.test_pictures,
                        refresh=search_again, search_again=search_again)  # fmt: skip
        sound = inspect(space, found, plan.inspect, plan.dedup.hash)
        distinct = dedup(space, sound, plan.dedup)
        show_distances(space, distinct)
        chosen = choose(space, distinct, plan.filter)
        cropped = crop(space, chosen, plan.crop, plan.labels)
        parted = split(space, cropped, plan.split, plan.labels)
        grown = augment(space, parted, plan.augment, plan.labels)
        steps = [found, sound, distinct, chosen, cropped, parted, grown]
        publish(space, found, grown, plan.quality)
        show_counts(space, plan.name, grown)
    show_stages(f"prepare {plan.name}", steps)
    return steps
