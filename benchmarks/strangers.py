"""Refuses strangers by foodcls's scores, and by pytorch-ood's detectors on the same features.

    python benchmarks/strangers.py PHOTOS --workspace W

PHOTOS are foods13_web.py's photographs, collected and prepared as there. What its index calls
unrelated is dropped as a person would drop it, and half of it, by cluster, is learnt from; the
other half and the known test photographs judge. The network is a linear probe. Rows: each score,
what foodcls chooses, and pytorch-ood's detectors, fitted to the known training photographs in an
environment of its own; those are meant for who has no strangers to learn from.
"""

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from foods13_web import PORT, prepare_web
from peers import CACHE, describe_machine, peer_bin, peer_version
from suspects import list_unrelated

from foodcls.evaluate.calibrate import calibrate
from foodcls.evaluate.evaluate import judge_rejection
from foodcls.evaluate.inference import embed_rows
from foodcls.evaluate.strangers import FITS, TEST, list_strangers
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import drop_rows, kept_rows, split_rows
from foodcls.metrics.ranks import number_groups
from foodcls.metrics.rejection import RejectionScore, Side, measure_rejection
from foodcls.recipe.recipe import load_recipe
from foodcls.recipe.train_settings import Inference, Rejection
from foodcls.tables.manifest_csv import read_manifest
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.dataset import encode_labels
from foodcls.train.train import train
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars

HERE = Path(__file__).resolve().parent
PEER = ("pytorch-ood==0.4.0",)
PROBE = {"method": "probe", "hidden_units": 0, "trainable": (), "precision": "fp32"}


def drop_unrelated(photos: Path, manifest: pd.DataFrame) -> pd.DataFrame:
    """The manifest as it would be, had a person dropped what is unrelated."""
    unrelated = list_unrelated(photos, manifest)
    kept = kept_rows(manifest)
    rows = kept.index[kept["id"].isin(unrelated)]
    dropped = drop_rows(manifest, dict.fromkeys(rows, "unrelated"), "filter")
    dropped.loc[rows, "split"] = ""
    return dropped


def score_peer(
    checkpoint: Checkpoint, manifest: pd.DataFrame, strangers: pd.DataFrame, cache: FeatureCache
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Scores of known test photographs and of strangers by each detector of pytorch-ood."""
    python = peer_bin("pytorch-ood", PEER, CACHE, sees_ours=True) / "python"
    train_rows, tests = split_rows(manifest, "train"), split_rows(manifest, "test")
    parts = {"train": train_rows, "known": tests, "strangers": strangers}
    values = {"truth": encode_labels(train_rows, checkpoint.labels)}
    for name, rows in parts.items():
        logits, features = embed_rows(checkpoint, rows, cache)
        values |= {f"{name}_logits": logits.numpy(), f"{name}_features": features.numpy()}
    with tempfile.TemporaryDirectory() as place:
        given, told = Path(place) / "given.npz", Path(place) / "told.npz"
        np.savez(given, **values)
        subprocess.run([python, HERE / "loops" / "detectors.py", given, told], check=True)
        with np.load(told) as scores:
            names = [name for name in scores.files if name.endswith(" known")]
            ends = (" known", " strangers")
            return {
                name.removesuffix(" known"): tuple(
                    scores[name.removesuffix(" known") + end] for end in ends
                )
                for name in names
            }


def show(name: str, found: RejectionScore | None, seconds: float, *, threshold: bool) -> None:
    """A line of the table."""
    if found is None:
        print(f"{name:<32} none: too few strangers")
        return
    at = found.accepted_at_95
    line = (
        f"{name:<32} refused at 95 % kept {1 - at.value:.3f} ({1 - at.high:.3f} to "
        f"{1 - at.low:.3f}), AUROC {found.auroc:.3f}, {seconds:.1f} s"
    )
    if threshold:
        low, high = 1 - found.accepted.high, 1 - found.accepted.low
        line += (
            f"; by its own threshold kept {found.kept.value:.3f} ({found.kept.low:.3f} to "
            f"{found.kept.high:.3f}), refused {1 - found.accepted.value:.3f} ({low:.3f} to "
            f"{high:.3f})"
        )
    print(line, flush=True)


def main() -> None:
    """Train once, then learn and judge score by score."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/strangers"))
    parser.add_argument("--port", type=int, default=PORT)
    options = parser.parse_args()
    recipe = load_recipe(prepare_web(options.photos, options.workspace, options.port))
    workspace = Workspace.at(options.workspace)
    manifest = drop_unrelated(options.photos, read_manifest(workspace.manifest))
    settings = recipe.train.model_copy(update=PROBE)
    store, cache = workspace.store, FeatureCache(workspace.store, workspace.pixels, bars)
    learnt = train(manifest, store, recipe.labels, settings, workspace.pixels, bars)
    tests = split_rows(manifest, "test")
    reasons = Rejection().reasons
    strangers = list_strangers(manifest, reasons, recipe.labels, store)
    print(f"{describe_machine()}\n{len(tests)} known test photographs; {len(strangers)} strangers, "
          f"{(strangers['split'] == TEST).sum()} of them for test")  # fmt: skip
    for score in (*FITS, "auto"):
        begun = time.perf_counter()
        how = Inference(rejection=Rejection.model_validate({"score": score}))
        checkpoint = calibrate(learnt, manifest, FeatureCache(store, workspace.pixels, bars), how)
        seconds = time.perf_counter() - begun
        name = f"auto: {checkpoint.rejection.score}" if score == "auto" else score  # type: ignore[union-attr]
        known = embed_rows(checkpoint, tests, cache), number_groups(tests["cluster"])
        found = judge_rejection(checkpoint, manifest, *known, cache)
        show(name, found, seconds, threshold=True)
    judged = strangers[strangers["split"] == TEST]
    groups = [number_groups(rows["cluster"]) for rows in (tests, judged)]
    peer = score_peer(checkpoint, manifest, judged, cache)
    print(f"pytorch-ood {peer_version(peer_bin('pytorch-ood', PEER, CACHE), 'pytorch-ood')}")
    for name, scores in peer.items():
        sides = [Side(-one, group) for one, group in zip(scores[:2], groups, strict=True)]
        show(name, measure_rejection(name, 0, *sides, list(judged["kind"])), 0, threshold=False)


if __name__ == "__main__":
    main()
