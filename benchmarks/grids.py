"""Searches for duplicates by one Dask worker and by two, and says how much sooner two are done.

    python benchmarks/grids.py PHOTOS --size 200000

Pictures are those of growth.py. Workers are processes of one thread on this machine; they find the
points in a store on its disk. Seconds of the clock count from the thumbnails to the last pair;
those of processors are told for who asks, whose part is not shared, and for each worker. The pairs
must be equal to those of this process alone. More workers than free cores prove nothing.
"""

import argparse
import sys
import tempfile
import time
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
from growth import make_prints
from peers import busy, describe_machine

from foodcls.dedup.cells import Share, share_here, share_over
from foodcls.dedup.hamming import NearPairs
from foodcls.dedup.pairs import REACH
from foodcls.dedup.views import search_views
from foodcls.image.draft_decode import fingerprint_files
from foodcls.image.hashes import Fingerprints
from foodcls.recipe.data_settings import Dedup, Inspect
from foodcls.store.store import Store
from foodcls.work.code_digest import code_digest
from tasks.engine.cluster import CLIENT, CURATING, spread


def search(prints: Fingerprints, share: Share) -> np.ndarray:
    """Places of pairs that are to be looked at closely, as one number each, sorted."""

    def judge(near: NearPairs) -> np.ndarray:
        return np.asarray(near.left * len(prints) + near.right)

    return np.sort(np.concatenate(list(search_views(prints, REACH, judge, share))))


def _make_ready() -> None:
    import_module("foodcls.dedup.cells")
    code_digest(CURATING)


def search_by(workers: int, prints: Fingerprints, folder: Path) -> tuple[float, np.ndarray]:
    """The seconds of the clock and the pairs by so many workers; prints where the work was done."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        # what is imported once, and read of the code once, is no part of it: inspect did it before
        client.run(_make_ready)
        _make_ready()
        token = CLIENT.set(client)
        try:
            before = client.run(time.process_time)
            begun, worked = time.perf_counter(), time.process_time()
            found = search(prints, partial(share_over, Store(folder), spread))
            seconds, asker = time.perf_counter() - begun, time.process_time() - worked
            after = client.run(time.process_time)
        finally:
            CLIENT.reset(token)
    each = ", ".join(f"{after[name] - before[name]:.1f} s" for name in before)
    print(f"{workers} workers: {seconds:.1f} s; processors: who asks {asker:.1f} s, "
          f"workers {each}; {busy()}", flush=True)  # fmt: skip
    return seconds, found


def main() -> None:
    """A line for each number of workers, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--size", type=int, default=200_000, help="pictures")
    options = parser.parse_args()
    files = sorted((options.photos / "images").iterdir())
    photos = fingerprint_files(files, Dedup().hash, Inspect().max_pixels).prints.thumbnails
    print(f"{describe_machine()}; {options.size:,} pictures")
    with tempfile.TemporaryDirectory() as place:
        prints, _ = make_prints(photos, options.size, Path(place) / "thumbnails.npy")
        alone = search(prints, share_here)
        seconds = {}
        for workers in (1, 2):
            seconds[workers], found = search_by(workers, prints, Path(place) / f"store {workers}")
            if not np.array_equal(found, alone):
                sys.exit(
                    f"{workers} workers found {len(found):,} pairs, one process {len(alone):,}"
                )
        print(f"{len(alone):,} pairs, equal; one worker / two workers = "
              f"{seconds[1] / seconds[2]:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
