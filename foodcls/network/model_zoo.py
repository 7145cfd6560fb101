"""Imports torchvision and timm for all other modules, also where torchvision does not fit torch.

The processor build of torch beside the graphics build of torchvision, as package indexes pair
them, refuses `import torchvision` because the schemas of two operators are missing. Nothing here
calls these operators, so declaring the schemas is enough. Take both modules from here, as
`model_zoo.timm` and `model_zoo.torchvision`: timm imports torchvision itself. They are imported
when they are first asked for, as they take seconds that a run whose training is cached need not
spend.
"""

import importlib
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

import torch

# also how a stage's cache key learns of the two packages' versions
if TYPE_CHECKING:
    import timm  # noqa: F401
    import torchvision  # noqa: F401

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def __getattr__(name: str) -> ModuleType:
    """Import torchvision or timm when it is first asked for."""
    if name not in ("torchvision", "timm"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_torchvision()
    return importlib.import_module(name)


@lru_cache
def import_torchvision() -> torch.library.Library | None:
    """Import torchvision; the declared schemas, kept alive by the cache, if it needed them."""
    try:
        importlib.import_module("torchvision")
        return None
    except RuntimeError as error:
        # only after a failure: declaring what the real operators declare would be refused
        if "torchvision::nms does not exist" not in str(error):
            raise
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in SCHEMAS:
        library.define(schema)
    importlib.import_module("torchvision")
    return library
