"""An image classifier for classes that no public dataset has: what programs use of it.

    load_recipe      a recipe file, checked, as frozen settings
    load_model       an exported file, vetted, as a model to use
    predict          what a model says of picture files
    find_duplicates  files that show the same picture
    read_manifest    the table of a workspace's pictures

A picture passes through the rooms in this order: `recipe`, `collect`, `inspect`, `dedup`,
`filter`, `crop`, `split`, `augment`, `train`, `evaluate`, `export`, `promote`. They stand on
`image`, `tables`, `metrics`, `network`, `manifest`, `blocklist`, `store` and `work`, on
`columnar`, `errors`, `progress` and `redact`; `runs`, `report`, `review` and `workspace` tell of
them; `choose` compares backbones; `sample` is the drawn web.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foodcls.dedup.duplicates import find_duplicates
    from foodcls.export.load import load_model
    from foodcls.export.predict import predict
    from foodcls.recipe.recipe import load_recipe
    from foodcls.tables.manifest_csv import read_manifest

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "find_duplicates",
    "load_model",
    "load_recipe",
    "predict",
    "read_manifest",
]
# looked up at first use: a program that reads a recipe need not wait for torch
PLACES = {
    "find_duplicates": "foodcls.dedup.duplicates",
    "load_model": "foodcls.export.load",
    "load_recipe": "foodcls.recipe.recipe",
    "predict": "foodcls.export.predict",
    "read_manifest": "foodcls.tables.manifest_csv",
}


def __getattr__(name: str) -> Any:
    """The public function of that name, from the module that has it."""
    if name in PLACES:
        return getattr(import_module(PLACES[name]), name)
    raise AttributeError(f"module 'foodcls' has no attribute {name!r}")
