"""Trains with the seed's loop, torchvision's, fastai's and foodcls, on the same pictures.

    python benchmarks/train.py PHOTOS                        # the seed's defaults, random weights
    python benchmarks/train.py PHOTOS --backbone tf_efficientnet_lite0 --weights imagenet \\
        --trainable blocks.6 conv_head bn2 --lr 3e-4         # with weights: accuracy compares
    python benchmarks/train.py PHOTOS --only seed foodcls --per-class 301
    python benchmarks/train.py PHOTOS --device cuda --workers 8   # on a graphics card

PHOTOS holds index.csv (path,label,kind,source) and the files it names; its originals are parted
into train and val, --val-per-class of a class by digest. Of each cluster that foodcls.dedup.dedup
makes, copies and natural look-alikes, one picture stays: none has its like on the other side.
Changed copies bring each class to --per-class training pictures, as the seed had them. All loops
read the same JPEG files, begin with the same network and have the same number of epochs; each runs
in a process of its own, one after the other, with all cores, and seconds count from the first
picture decoded to the end of an epoch's validation. foodcls begins with an empty cache. The peers'
DataLoaders have no workers unless --workers asks for them: on a processor all cores compute
already, and workers would compete for them. The seed's loop computes the loss on logits and leaves
the statistics of frozen layers alone, so that its curve compares; --faults gives it both faults
back.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from peers import CACHE, busy, describe_machine, peer_bin, peer_version
from torch.utils.flop_counter import FlopCounterMode

from foodcls.augment import augment
from foodcls.dedup.dedup import dedup
from foodcls.errors import FoodclsError
from foodcls.image.decode import BadPicture, decode
from foodcls.manifest import kept_rows, new_manifest
from foodcls.network.network import start_network, with_own_size
from foodcls.network.partition import partition_network
from foodcls.network.precision import choose_precision
from foodcls.network.winograd import winograd_convolutions
from foodcls.recipe.data_settings import Augment, Dedup, Inspect
from foodcls.recipe.presets import PRESETS
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store, digest_of
from foodcls.train.learner import choose_device, start_learner

HERE = Path(__file__).resolve().parent
LOOPS = {"seed": "seed.py", "torchvision": "reference.py", "fastai": "fine_tune.py",
         "foodcls": "ours.py"}  # fmt: skip
PEER = ("fastai==2.8.12",)
SIDE = {"cpu": 2048, "cuda": 8192}  # of the matrices


@dataclass(frozen=True)
class Epoch:
    """What a loop tells of an epoch; seconds since its start."""

    epoch: int
    seconds: float
    train_loss: float
    val_loss: float
    val_accuracy: float


Run = tuple[Epoch, ...]


def lay_out(photos: Path, folder: Path, per_class: int, val_per_class: int) -> tuple[str, ...]:
    """Write train/LABEL/*.jpg and val/LABEL/*.jpg; give the labels in order."""
    store = Store(folder / "store")
    index = pd.read_csv(photos / "index.csv", dtype=str, keep_default_na=False)
    rows = [row for one in index[index["kind"] == "original"].itertuples()
            if (row := _read(photos / str(one.path), str(one.label), store))]  # fmt: skip
    found = dedup(new_manifest(rows), store, Dedup()).manifest
    # a random order that is the same each time; look-alikes count once, wherever they stand
    table = kept_rows(found).sort_values("id").drop_duplicates("cluster").reset_index(drop=True)
    place = table.groupby("label").cumcount()
    table["split"] = "train"
    table.loc[place < val_per_class, "split"] = "val"
    labels = tuple(sorted(set(table["label"])))
    grown = augment(table, store, Augment(per_class=per_class), labels)
    for row in grown[grown["state"] == "kept"].itertuples():
        path = folder / str(row.split) / str(row.label) / f"{row.Index:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.read(str(row.picture)))
    return labels


def _read(path: Path, label: str, store: Store) -> dict[str, str] | None:
    data, limits = path.read_bytes(), Inspect()
    try:
        picture = decode(data, limits.max_pixels, limits.min_side)
    except BadPicture:
        return None
    # what any loop's decoder reads alike
    if not picture.is_plain or picture.format != "JPEG":
        return None
    blob = store.put(data)
    return {"id": digest_of(data), "picture": blob, "label": label, "state": "kept",
            "origin": path.name}  # fmt: skip


def run_loop(name: str, job: dict[str, object], cache: Path) -> Run:
    """Let a loop run in a process of its own."""
    python = Path(sys.executable)
    if name == "fastai":
        python = peer_bin("fastai", PEER, cache, sees_ours=True) / "python"
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        file.write_text(json.dumps(job))
        words = [python, HERE / "loops" / LOOPS[name], file]
        told = subprocess.run(words, check=True, env=environment, text=True,
                              stdout=subprocess.PIPE).stdout  # fmt: skip
    lines = [line for line in told.splitlines() if line.startswith('{"epoch"')]
    return tuple(Epoch(**json.loads(line)) for line in lines)


def matrix_rate(kind: torch.dtype, device: torch.device) -> float:
    """FLOP a second of a matrix product, the best of some."""
    side = SIDE[device.type]
    one, other = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        one @ other
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - begun)
        # without units of its own bf16 takes minutes
        if best > 5:
            break
    return 2 * side**3 / best


def count_work(settings: Train, classes: int, precision: str) -> Iterator[tuple[str, float]]:
    """FLOP that a loop's products take for a picture, all its epochs together."""
    network = start_network(settings, classes)[1]
    partition = partition_network(network, settings.input_size)
    pixels = torch.zeros(settings.batch_size, 3, *(settings.input_size,) * 2)
    truth = torch.zeros(settings.batch_size, dtype=torch.int64)
    network.train()
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    with FlopCounterMode(display=False) as counter:
        torch.autograd.grad(torch.nn.functional.cross_entropy(network(pixels), truth), weights)
    yield "seed", counter.get_total_flops() * settings.epochs / settings.batch_size
    if partition.trunk is None:
        return
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        inputs = partition.trunk(pixels)
    once = counter.get_total_flops()
    learner = start_learner(network, partition.tail, settings)
    # products are spared on a processor in fp32 alone
    spared = precision == "fp32" and settings.device == "cpu"
    fewer = winograd_convolutions(network) if spared else nullcontext()
    with fewer, FlopCounterMode(display=False) as counter:
        torch.autograd.grad(learner.loss(learner.logits(inputs), truth), weights)
    yield "foodcls", (once + counter.get_total_flops() * settings.epochs) / settings.batch_size


def show_limits(settings: Train, classes: int) -> None:
    """The machine's rate of sums, and what that allows at most."""
    device = choose_device(settings.device)
    rates = {kind: matrix_rate(getattr(torch, name), device)
             for kind, name in (("fp32", "float32"), ("bf16", "bfloat16"))}  # fmt: skip
    told = ", ".join(f"{kind} {rate / 1e9:.1f} GFLOP/s" for kind, rate in rates.items())
    print(f"matrix product of {SIDE[device.type]}: {told} ({busy()})")
    precision = choose_precision("auto", device)
    print(f"foodcls computes in {precision} here")
    for name, work in count_work(settings, classes, precision):
        rate = rates["fp32" if name == "seed" else precision]
        print(f"  {name:<12} {work / settings.epochs / 1e9:6.2f} GFLOP of products a picture and "
              f"epoch: at that rate {rate * settings.epochs / work:6.1f} images/s")  # fmt: skip


def show_curves(runs: dict[str, list[Run]]) -> None:
    """Losses by epoch, each seed, and how far apart the seeds are."""
    print("\nvalidation loss by epoch, mean over the seeds (lowest to highest)")
    names = [name for name in ("seed", "foodcls") if name in runs]
    for number in range(min(len(run) for name in names for run in runs[name])):
        cells = []
        for name in names:
            losses = [run[number].val_loss for run in runs[name]]
            cells.append(f"{name} {statistics.mean(losses):.4f} "
                         f"({min(losses):.4f} to {max(losses):.4f})")  # fmt: skip
        print(f"  epoch {number + 1:2}  " + "   ".join(cells))


def show_table(runs: dict[str, list[Run]], pictures: int) -> None:
    """Time, images a second, accuracy, and time to what the seed's loop reaches."""
    reached = statistics.mean(max(e.val_accuracy for e in run) for run in runs["seed"])
    print(f"\n{'loop':<12} {'seconds':>8} {'images/s':>9}   best validation accuracy   "
          f"seconds to {reached:.3f}")  # fmt: skip
    for name, done in runs.items():
        seconds = statistics.median(run[-1].seconds for run in done)
        best = [max(epoch.val_accuracy for epoch in run) for run in done]
        speed = statistics.median(len(run) * pictures / run[-1].seconds for run in done)
        times = [time_to(reached, run) for run in done]
        found = [one for one in times if one is not None]
        when = f"{statistics.median(found):.0f} ({len(found)} of {len(done)})" if found else "never"
        print(f"{name:<12} {seconds:8.1f} {speed:9.1f}   {statistics.mean(best):.3f} "
              f"({min(best):.3f} to {max(best):.3f})     {when}")  # fmt: skip


def show_run(name: str, seed: int, last: Epoch) -> None:
    """A line for a run that is over."""
    print(f"  seed {seed}  {name:<12} {last.seconds:7.1f} s  validation loss {last.val_loss:.4f}, "
          f"accuracy {last.val_accuracy:.3f}  ({busy()})", flush=True)  # fmt: skip


def time_to(accuracy: float, run: Run) -> float | None:
    """Seconds until a run first answers so much right."""
    return next((one.seconds for one in run if one.val_accuracy >= accuracy), None)


def read_options() -> argparse.Namespace:
    """What was typed."""
    usual = Train.model_validate(PRESETS["seed"])
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--per-class", type=int, default=48, help="training pictures")
    parser.add_argument("--val-per-class", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=usual.epochs)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=LOOPS, default=list(LOOPS))
    parser.add_argument("--backbone", default=usual.backbone)
    parser.add_argument("--weights", default="none", help="none, imagenet or a file")
    parser.add_argument("--trainable", nargs="*", default=list(usual.trainable))
    parser.add_argument("--lr", type=float, default=usual.lr)
    parser.add_argument("--workers", type=int, default=0, help="of the peers' DataLoaders")
    parser.add_argument("--device", choices=SIDE, default="cpu")
    parser.add_argument("--faults", action="store_true", help="the seed's loop with its faults")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the peer is installed")
    return parser.parse_args()


def main() -> None:
    """Lay the pictures out, run all loops in turn for each seed, and print all figures."""
    options = read_options()
    settings = with_own_size(Train(
        backbone=options.backbone, weights=options.weights, trainable=tuple(options.trainable),
        lr=options.lr, epochs=options.epochs, device=options.device,
    ))  # fmt: skip
    print(describe_machine() + f", torch {torch.__version__}, {torch.get_num_threads()} threads")
    if options.device == "cuda":
        print(f"on one {torch.cuda.get_device_name()}")
    if "fastai" in options.only:
        programs = peer_bin("fastai", PEER, options.cache, sees_ours=True)
        print(f"fastai {peer_version(programs, 'fastai')}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        labels = lay_out(options.photos, folder, options.per_class, options.val_per_class)
        counts = [len(list((folder / split).glob("*/*"))) for split in ("train", "val")]
        print(f"{options.backbone}, weights {options.weights}, {options.trainable} trainable")
        print(f"{counts[0]} training, {counts[1]} validation pictures, {options.epochs} epochs")
        show_limits(settings, len(labels))
        runs: dict[str, list[Run]] = {name: [] for name in options.only}
        for seed in range(options.seeds):
            for name, done in runs.items():
                plan = settings.model_copy(update={"seed": seed}).model_dump(mode="json")
                job = {"folder": str(folder), "labels": labels, "settings": plan,
                       "workers": options.workers, "faults": options.faults}  # fmt: skip
                done.append(run_loop(name, job, options.cache))
                show_run(name, seed, done[-1][-1])
    if "seed" in runs:
        show_curves(runs)
        show_table(runs, counts[0])
    times = {
        name: statistics.median(run[-1].seconds for run in done) for name, done in runs.items()
    }
    for name in [name for name in times if name not in ("foodcls", "seed")]:
        if "foodcls" in times:
            print(f"{name} / foodcls = {times[name] / times['foodcls']:.2f}")
    if {"seed", "foodcls"} <= times.keys():
        print(f"seed loop / foodcls = {times['seed'] / times['foodcls']:.2f}")


if __name__ == "__main__":
    try:
        main()
    except FoodclsError as error:
        sys.exit(str(error))
