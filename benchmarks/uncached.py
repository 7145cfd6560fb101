"""Says what an epoch costs whose pictures fit neither memory nor train.cache_gb.

    python benchmarks/uncached.py                    # 1,000 drawn pictures, some minutes
    python benchmarks/uncached.py --pictures 20000 --gigabytes 0.5

A drawn set is learnt from twice, with room for its decoded pixels and with less of it than they
take; no layer is frozen, so that nothing else is kept. Seconds are those that processors worked for
the last of three epochs, validation included. Beside it all pictures are read and decoded once in
an epoch's order and once in that in which the store has them, after the system was told to forget
them: the clock counts there, as the disk works too.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from peers import busy, describe_machine

from foodcls.augment import encode_copy
from foodcls.features.pixels import decode_rows
from foodcls.manifest import new_manifest
from foodcls.network.network import with_own_size
from foodcls.recipe.train_settings import Train
from foodcls.sample.dishes import LABELS
from foodcls.store.store import Store
from foodcls.train.batches import shuffled_indices
from foodcls.train.train import train

SIDE, EPOCHS, VALIDATION = 320, 3, 5


def draw(count: int, store: Store) -> pd.DataFrame:
    """So many pictures of large and small blots in a store, each fifth to validate by."""
    from PIL import Image

    rows = []
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (2, 40, 40, 3), np.uint8)
        large = Image.fromarray(noise[0, :6, :6]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        small = Image.fromarray(noise[1]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        blob = store.put(encode_copy(Image.blend(large, small, 0.3)))
        rows.append({"id": blob, "picture": blob, "label": LABELS[number % 2], "state": "kept",
                     "split": "train" if number % VALIDATION else "val",
                     "origin": str(number)})  # fmt: skip
    return new_manifest(rows)


def last_epoch(manifest: pd.DataFrame, store: Store, settings: Train, cache: Path) -> float:
    """Seconds of processors for the last epoch."""
    ends: list[float] = []
    train(manifest, store, LABELS[:2], settings, cache,
          on_epoch=lambda _: ends.append(time.process_time()))  # fmt: skip
    return ends[-1] - ends[-2]


def read_all(
    manifest: pd.DataFrame, store: Store, size: int, order: np.ndarray
) -> tuple[float, float]:
    """Seconds of processors and of the clock to read and decode in an order, from a cold disk."""
    for path in store.blobs():
        file = os.open(path, os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)
    decoded = decode_rows(manifest, store, size)
    begun, worked = time.perf_counter(), time.process_time()
    for start in range(0, len(order), 32):
        decoded.take(order[start : start + 32])
    return time.process_time() - worked, time.perf_counter() - begun


def main() -> None:
    """Draw, learn twice, read twice, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=1_000)
    parser.add_argument("--gigabytes", type=float, default=0.05, help="cache_gb, the second time")
    parser.add_argument("--backbone", default="mobilenetv3_small_050")
    options = parser.parse_args()
    settings = with_own_size(Train(
        backbone=options.backbone, weights="none", method="finetune", trainable=("all",), lr=1e-3,
        epochs=EPOCHS,
    ))  # fmt: skip
    print(f"{describe_machine()}; {options.pictures:,} pictures")
    with tempfile.TemporaryDirectory() as place:
        store = Store(Path(place) / "store")
        manifest, size = draw(options.pictures, store), settings.input_size
        spent = {}
        for room in (settings.cache_gb, options.gigabytes):
            own = settings.model_copy(update={"cache_gb": room})
            spent[room] = last_epoch(manifest, store, own, Path(place) / f"cache {room}")
            speed = options.pictures / spent[room]
            print(f"cache_gb {room:g}: {spent[room]:.1f} s of processors an epoch, "
                  f"{speed:.1f} pictures/s; {busy()}", flush=True)  # fmt: skip
        kept, anew = spent.values()
        print(f"decoding anew: {1 - kept / anew:.0%} of the epoch")
        # blobs lie by their digests
        stored = np.argsort(manifest["picture"].to_numpy(object))
        for name, order in (("an epoch's order", shuffled_indices(len(manifest), 0, 1)),
                            ("the store's order", stored)):  # fmt: skip
            worked, seconds = read_all(manifest, store, size, order)
            print(f"read and decoded in {name}: {worked:.1f} s of processors, {seconds:.1f} s; "
                  f"{busy()}")  # fmt: skip


if __name__ == "__main__":
    main()
