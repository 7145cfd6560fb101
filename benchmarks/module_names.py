"""Writes foodcls/network/module_names.json: what may be named in `trainable`, by backbone.

    python benchmarks/module_names.py

To be run after a change of timm's or torchvision's version, for four minutes: until then a wrong
name is found a few seconds later, once torch is imported. Of modules that hold the same, which are
many, one is written: each is a line with its parts, by their places in the list.
"""

import json

import torch
from torch import nn

from foodcls.errors import WeightsError
from foodcls.network.backbones import backbone_names, make_bare, torchvision_names
from foodcls.network.module_names import KEPT, LIBRARIES, installed_versions


def main() -> None:
    """Build each, and write what has weights."""
    modules: dict[tuple[tuple[str, int], ...], int] = {}
    timm, torchvision = LIBRARIES
    found: dict[str, dict[str, int]] = {timm: {}, torchvision: {}}
    of_torchvision = set(torchvision_names())
    for name in backbone_names():
        try:
            backbone = build(name)
        except WeightsError as error:
            print(error)
            continue
        library = torchvision if name in of_torchvision else timm
        found[library][name] = keep(backbone, modules)
    lines = [
        f'{{"versions": {json.dumps(installed_versions())},',
        '"backbones": {',
        ",\n".join(
            f"{json.dumps(library)}: {json.dumps(tops, indent=0)}"
            for library, tops in found.items()
        ),
        '}, "modules": [',
        ",\n".join(json.dumps(dict(parts), separators=(",", ":")) for parts in modules),
        "]}\n",
    ]
    KEPT.write_text("\n".join(lines), "utf-8")


def build(name: str) -> nn.Module:
    """The backbone; without memory for its weights where that is possible."""
    try:
        with torch.device("meta"):
            return make_bare(name)
    except WeightsError:
        return make_bare(name)


def keep(module: nn.Module, modules: dict[tuple[tuple[str, int], ...], int]) -> int:
    """The place of a module among those that are kept, by its parts with weights."""
    parts = tuple(
        (name, keep(part, modules))
        for name, part in module.named_children()
        if next(part.parameters(), None) is not None
    )
    return modules.setdefault(parts, len(modules))


if __name__ == "__main__":
    main()
