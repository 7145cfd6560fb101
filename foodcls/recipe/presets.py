"""Training settings that go together, by one name: `train.preset`."""

from collections.abc import Mapping
from typing import Any, Literal

Preset = Literal["seed", "fast", "balanced", "best"]

# a linear head on frozen features: in seconds, whatever lies beneath
PROBE = {"method": "probe", "hidden_units": 0, "lr": 1.0e-4}
# what fits one backbone alone; where the recipe names another, it is left to the defaults
FITTING = ("input_size", "trainable")
LAST_BLOCK = {"input_size": 224, "trainable": ("blocks.11", "norm")}
# the seed's are the defaults. docs/backbones.md has what each downloads and the time it takes
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "seed": {},
    "fast": PROBE
    | {"backbone": "mobilenetv4_conv_small", "trainable": ("blocks.4", "conv_head", "norm_head")},
    "balanced": PROBE | {"backbone": "vit_small_patch14_reg4_dinov2"} | LAST_BLOCK,
    "best": PROBE | {"backbone": "vit_base_patch14_reg4_dinov2"} | LAST_BLOCK,
}


def fill_preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings given, with those of their preset that they do not name."""
    named = PRESETS.get(str(given.get("preset")), {})
    is_other = given.get("backbone", named.get("backbone")) != named.get("backbone")
    left_out = FITTING if is_other else ()
    return {key: value for key, value in named.items() if key not in left_out} | dict(given)
