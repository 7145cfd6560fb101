"""Writes foodcls/network/module_names.json: what may be named in `trainable`, by backbone.

    python benchmarks/module_names.py

To be run after a change of timm's or torchvision's version: until then a wrong name is found a few
seconds later, once torch is imported.
"""

import json
from typing import Any

import torch

from foodcls.network.at_hand import PACKAGES
from foodcls.network.backbones import make_backbone, own_size
from foodcls.network.module_names import KEPT, installed_versions
from foodcls.recipe.presets import PRESETS

USUAL = (
    *("resnet18", "resnet50", "convnext_tiny", "efficientnet_b0", "mobilenet_v3_small"),
    *(str(preset["backbone"]) for preset in PRESETS.values()),
    *PACKAGES,
)


def main() -> None:
    """Build each, and write what has weights."""
    trees = {name: read_tree(name) for name in sorted(USUAL)}
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(tree, separators=(',', ':'))}"
        for name, tree in trees.items()
    )
    versions = json.dumps(installed_versions())
    KEPT.write_text(f'{{"versions": {versions},\n "modules": {{\n{lines}\n }}}}\n', "utf-8")


def read_tree(backbone: str) -> dict[str, Any]:
    """The modules with weights, each an object that holds those within."""
    module = make_backbone(backbone, "none", own_size(backbone)).module
    tree: dict[str, Any] = {}
    for name, part in module.named_modules():
        if name and any(isinstance(one, torch.Tensor) for one in part.parameters()):
            inner = tree
            for step in name.split("."):
                inner = inner.setdefault(step, {})
    return tree


if __name__ == "__main__":
    main()
