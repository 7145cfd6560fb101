"""Compares backbones as `foodcls choose` does, on real web photographs under a recipe's target.

    python benchmarks/choose.py PHOTOS --workspace W [--per-class 24] [--backbone NAME ...]

PHOTOS are foods13_web.py's photographs, prepared as there. Each backbone gets a linear probe under
`train.target` of recipes/foods13.yaml, and is judged on validation photographs.
"""

import argparse
from pathlib import Path

from foods13_web import prepare_web
from peers import describe_machine
from target import pick_few

from flows.cli.output import out
from flows.cli.pictures.choose import print_choice
from foodcls.choose import choose_backbone
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import split_rows
from foodcls.network.weights import PACKAGES
from foodcls.recipe.recipe import load_recipe
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars

RECIPE = Path(__file__).resolve().parent.parent / "recipes" / "foods13.yaml"


def main() -> None:
    """Prepare once, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/choose"))
    parser.add_argument("--per-class", type=int, default=0, help="training photos; 0: all")
    parser.add_argument("--backbone", nargs="*", default=sorted(PACKAGES))
    options = parser.parse_args()
    prepare_web(options.photos, options.workspace)
    recipe, workspace = load_recipe(RECIPE), Workspace.at(options.workspace)
    chosen = pick_few(read_manifest(workspace.manifest), options.per_class)
    print(f"{describe_machine()}; {len(split_rows(chosen, 'train'))} training photographs")
    cache = FeatureCache(workspace.store, workspace.pixels, bars)
    choice = choose_backbone(chosen, recipe.labels, recipe.train, options.backbone, cache)
    out.width = 200
    print_choice(choice)


if __name__ == "__main__":
    main()
