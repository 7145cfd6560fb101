"""foodcls itself, from files that it has never seen."""

import tempfile
from pathlib import Path

import pandas as pd
from job import Clock, Job, read_job

from foodcls.manifest import new_manifest
from foodcls.store.store import Store
from foodcls.train.train import train


def list_pictures(job: Job, store: Store) -> pd.DataFrame:
    """The files as a manifest; their bytes go into the store, as `collect` does it."""
    rows = []
    for split in ("train", "val"):
        for path in sorted((job.folder / split).glob("*/*")):
            blob = store.put(path.read_bytes())
            rows.append({"id": blob, "picture": blob, "label": path.parent.name, "split": split,
                         "state": "kept", "origin": path.name})  # fmt: skip
    return new_manifest(rows)


job = read_job()
with tempfile.TemporaryDirectory() as folder:
    store = Store(Path(folder) / "store")
    manifest = list_pictures(job, store)
    # nobody's seconds hold the import of the network's library, or the start of a graphics card
    job.network().to(job.device)
    clock = Clock()
    train(
        manifest, store, job.labels, job.settings, Path(folder) / "cache",
        on_epoch=lambda report: clock.print_epoch(
            report.epoch, report.train_loss, report.val_loss, report.val_accuracy
        ),
    )  # fmt: skip
