"""Prints what each of `train.preset` downloads and takes: MB of weights, ms a picture on one core.

    python benchmarks/presets.py [BACKBONE ...]

Weights are random, as no value changes the time. It is processor time of one thread, the least of
five pictures one by one, so that what else runs on the machine counts little.
"""

import argparse
import time

import torch

from foodcls.network.backbones import make_backbone, own_size
from foodcls.recipe.presets import PRESETS
from foodcls.recipe.train_settings import Train

RUNS = 5


def main() -> None:
    """Print a row a preset, and one for each other backbone that is named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("backbones", nargs="*")
    named = {name: Train(backbone=name) for name in parser.parse_args().backbones}
    presets = {name: Train.model_validate({"preset": name}) for name in PRESETS}
    torch.set_num_threads(1)
    print("| preset | backbone | size | weights | a picture on one core |\n|---|---|---|---|---|")
    for name, train in (presets | named).items():
        size = train.input_size or own_size(train.backbone)
        megabytes, ms = measure(train.backbone, size)
        print(f"| {name} | `{train.backbone}` | {size} | {megabytes:.0f} MB | {ms:.0f} ms |")


@torch.inference_mode()
def measure(name: str, size: int) -> tuple[float, float]:
    """Megabytes of float32 weights, and milliseconds a picture."""
    module = make_backbone(name, "none", size).module
    picture, times = torch.randn(1, 3, size, size), []
    for _ in range(RUNS):
        begun = time.process_time()
        module(picture)
        times.append(time.process_time() - begun)
    return sum(weight.numel() for weight in module.parameters()) * 4e-6, min(times) * 1000


if __name__ == "__main__":
    main()
