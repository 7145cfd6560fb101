"""Gives torchvision and timm to all who need them, also where torchvision does not fit torch.

The processor build of torch beside the graphics build of torchvision, as package indexes pair
them, refuses `import torchvision` because the schemas of two operators are missing. Nothing here
calls these operators, so declaring the schemas is enough. Take both modules from here: timm imports
torchvision itself.
"""

import importlib
from types import ModuleType

import torch

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def declare_operators() -> torch.library.Library:
    """Declare the missing schemas; they live as long as the returned object."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in SCHEMAS:
        library.define(schema)
    return library


def _import_torchvision() -> tuple[ModuleType, torch.library.Library | None]:
    try:
        return importlib.import_module("torchvision"), None
    except RuntimeError as error:
        # only after a failure: declaring what the real operators declare would be refused
        if "torchvision::nms does not exist" not in str(error):
            raise
    library = declare_operators()
    return importlib.import_module("torchvision"), library


torchvision, OPERATORS = _import_torchvision()
timm = importlib.import_module("timm")
