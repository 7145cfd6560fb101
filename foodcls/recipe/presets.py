"""Training settings that go together, by one name: `train.preset`."""

from collections.abc import Mapping
from typing import Any, Literal

Preset = Literal["seed", "fast", "balanced", "best"]

# a linear head on frozen features: in seconds, whatever lies beneath
PROBE = {"method": "probe"}
# what fits one backbone alone; where the recipe names another, it is left to the defaults
FITTING = ("input_size", "trainable", "lr")
# docs/backbones.md has what each downloads and the time it takes
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "seed": {
        "method": "finetune",
        "backbone": "resnet34",
        "trainable": ("layer4",),
        "hidden_units": 200,
        "dropout": 0.3,
        "lr": 3.0e-5,
        "epochs": 8,
        "batch_size": 20,
    },
    "fast": PROBE | {"backbone": "mobilenetv4_conv_small"},
    "balanced": PROBE | {"backbone": "vit_small_patch14_reg4_dinov2", "input_size": 224},
    "best": PROBE | {"backbone": "vit_base_patch14_reg4_dinov2", "input_size": 224},
}


def fill_preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings given, with those of their preset that they do not name."""
    named = PRESETS.get(str(given.get("preset")), {})
    is_other = given.get("backbone", named.get("backbone")) != named.get("backbone")
    left_out = FITTING if is_other else ()
    return {key: value for key, value in named.items() if key not in left_out} | dict(given)
