"""Measures by validation what each extra of training gains, and puts the best together.

    python benchmarks/extras.py PHOTOS --workspace W            # resumes when it was killed
    python benchmarks/extras.py PHOTOS --workspace W --test     # and at the very end the test split

PHOTOS are foods13_web.py's photographs, collected and prepared as there, deduplicated and without
the suspects of accuracy_chain.py. Everything is learnt with several seeds and judged on the same
validation photos. First the rate is chosen without any extra; then each extra stands alone beside
that; then the extras that gained most are added one by one and stay if they gain again; at last
the rate and the number of epochs are chosen anew. A training that is finished is never repeated:
WORKSPACE/extras.json remembers. Only --test looks at the test split: once with the recipe's
settings as they were before, once with the best.
"""

import argparse
import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from accuracy_chain import derive_sets, undo_copies
from foods13_web import PORT, prepare_web
from peers import describe_machine

from foodcls.augment import augment
from foodcls.evaluate.evaluate import evaluate
from foodcls.features.row_cache import FeatureCache
from foodcls.metrics.metrics import wilson
from foodcls.metrics.paired_test import mcnemar
from foodcls.metrics.predictions import read_predictions
from foodcls.recipe.data_settings import Augment
from foodcls.recipe.recipe import Recipe, load_recipe
from foodcls.recipe.train_settings import Extras
from foodcls.store.store import digest_json, replacing
from foodcls.tables.manifest_csv import read_manifest
from foodcls.train.loop import count_epochs
from foodcls.train.train import train
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars

RATES = (1.0e-4, 3.0e-4, 1.0e-3)
LONGER, FASTER = 2, 2  # what the best is tried with at the end: times the epochs, times the rate
MOST = 5  # extras that are put together
COPIES = 301
# what each extra is tried with
EXTRAS: dict[str, dict[str, Any]] = {
    "301 copies a class": {"copies": COPIES},
    "class weights": {"balance": "weights"},
    "balanced sampling": {"balance": "sampling"},
    "label smoothing 0.1": {"label_smoothing": 0.1},
    "warm-up 1, cosine": {"warmup": 1.0, "cosine": True},
    "rates x 0.7 a stage": {"layer_decay": 0.7},
    "average 0.99": {"ema": 0.99},
    "mixup 0.2": {"mixup": 0.2},
    "online augmentation": {"augment": {}},
    "mirrored views": {"tta": 2},
}


@dataclass(frozen=True)
class Trial:
    """Settings that differ from the recipe's; `copies` brings each class to so many."""

    lr: float
    epochs: int
    extras: dict[str, Any] = field(default_factory=dict)

    def plus(self, more: dict[str, Any]) -> "Trial":
        """The same with more extras."""
        return replace(self, extras=self.extras | more)


@dataclass(frozen=True)
class Outcome:
    """What the models of one trial did on the validation photos, one for each seed."""

    accuracies: tuple[float, ...]
    positions: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean accuracy."""
        return statistics.mean(self.accuracies)


class Bench:
    """Trains and remembers."""

    def __init__(self, recipe: Recipe, workspace: Workspace, seeds: int) -> None:
        self.recipe, self.workspace, self.seeds = recipe, workspace, seeds
        parted = undo_copies(read_manifest(workspace.manifest))
        self.manifest = derive_sets(parted, recipe, workspace)["without suspects"]
        self.file = workspace.root / "extras.json"
        self.known: dict[str, Any] = json.loads(self.file.read_text()) if self.file.exists() else {}

    def validate(self, trial: Trial, split: str = "val") -> Outcome:
        """What comes out on the validation photos."""
        found = [self._remember(trial, seed, split) for seed in range(self.seeds)]
        return Outcome(*(tuple(one[name] for one in found) for name in ("accuracy", "position")))

    def examine(self, trial: Trial) -> list[dict[str, Any]]:
        """What comes out on the test photos, seed by seed, with what was right."""
        return [self._remember(trial, seed, "test") for seed in range(self.seeds)]

    def _remember(self, trial: Trial, seed: int, split: str) -> dict[str, Any]:
        key = digest_json([asdict(trial), seed, split, self.recipe.digest, len(self.manifest)])
        if key not in self.known:
            told = {"trial": asdict(trial), "seed": seed, "split": split}
            self.known[key] = told | self._learn(trial, seed, split)
            with replacing(self.file) as part:
                part.write_text(json.dumps(self.known, indent=1))
        found: dict[str, Any] = self.known[key]
        return found

    def _learn(self, trial: Trial, seed: int, split: str) -> dict[str, Any]:
        extras = dict(trial.extras)
        pictures = self._pictures(extras.pop("copies", None))
        # as a recipe would say it
        changes = {"lr": trial.lr, "epochs": trial.epochs, "seed": seed}
        settings = self.recipe.train.model_copy(
            update=changes | {"extras": Extras.model_validate_json(json.dumps(extras))}
        )
        store, cache = self.workspace.store, self.workspace.pixels
        checkpoint = train(pictures, store, self.recipe.labels, settings, cache, bars)
        limit = settings.cache_bytes
        scores = evaluate(checkpoint, pictures, FeatureCache(store, cache, limit=limit), split)
        answers = read_predictions(store.read(scores.predictions).decode())
        return {
            "accuracy": scores.accuracy,
            "position": scores.average_position,
            "best_epoch": checkpoint.best_epoch,
            "seconds": sum(report.seconds for report in checkpoint.reports),
            "right": [int(one) for one in answers.right],
        }

    def _pictures(self, copies: int | None) -> pd.DataFrame:
        how = Augment(per_class=copies)
        return augment(self.manifest, self.workspace.store, how, self.recipe.labels, bars)


def choose_base(bench: Bench) -> Trial:
    """The rate that does best without any extra."""
    print("\nwithout extras")
    return choose(bench, [Trial(lr, count_epochs(bench.recipe.train)) for lr in RATES])


def choose(bench: Bench, trials: Sequence[Trial]) -> Trial:
    """The trial that does best; of equals the first."""
    means = []
    for trial in trials:
        found = bench.validate(trial)
        show(f"lr {trial.lr:g}, {trial.epochs} epochs", found)
        means.append(found.mean)
    return trials[means.index(max(means))]


def try_each(bench: Bench, base: Trial) -> list[str]:
    """Each extra alone; the names of those that gained, the most first."""
    print(f"\neach alone, at lr {base.lr:g} and {base.epochs} epochs")
    plain = bench.validate(base)
    show("no extra", plain)
    gains = {}
    for name, extra in EXTRAS.items():
        found = bench.validate(base.plus(extra))
        gains[name] = found.mean - plain.mean
        show(name, found, plain)
    return sorted((name for name in gains if gains[name] > 0), key=lambda name: -gains[name])[:MOST]


def put_together(bench: Bench, base: Trial, names: Iterable[str]) -> Trial:
    """Add the extras one by one; each stays if it gains."""
    print("\nput together, the largest gain first")
    best, before = base, bench.validate(base)
    for name in names:
        # an extra that another form of it has taken the place of
        if best.extras.keys() & EXTRAS[name].keys():
            continue
        found = bench.validate(best.plus(EXTRAS[name]))
        stays = found.mean > before.mean
        show(f"+ {name}{'' if stays else ' (left out)'}", found, before)
        if stays:
            best, before = best.plus(EXTRAS[name]), found
    return best


def tune(bench: Bench, best: Trial) -> Trial:
    """The rate and the number of epochs again, with what was put together."""
    print("\nput together, at other rates and lengths")
    longer = replace(best, epochs=best.epochs * LONGER)
    faster, slower = (replace(best, lr=rate) for rate in (best.lr * FASTER, best.lr / FASTER))
    return choose(bench, [best, longer, faster, slower])


def show(name: str, found: Outcome, before: Outcome | None = None) -> None:
    """A row of the table: mean over the seeds, and from the lowest to the highest."""
    low, high = min(found.accuracies), max(found.accuracies)
    text = f"{name:<36} {found.mean:.3f} ({low:.3f} to {high:.3f})"
    text += f"   position {statistics.mean(found.positions):.2f}"
    if before:
        pairs = zip(found.accuracies, before.accuracies, strict=True)
        changes = [after - first for after, first in pairs]
        text += f"   {statistics.mean(changes):+.3f} ({min(changes):+.3f} to {max(changes):+.3f})"
    print(text, flush=True)


def show_test(bench: Bench, usual: Trial, best: Trial) -> None:
    """Both recipes on the test photos, seed by seed and paired."""
    print("\ntest photos, looked at once")
    results = {"the recipe as it was": bench.examine(usual), "the best found": bench.examine(best)}
    for name, runs in results.items():
        n = len(runs[0]["right"])
        mean = statistics.mean(run["accuracy"] for run in runs)
        low, high = wilson(round(mean * n), n)
        position = statistics.mean(run["position"] for run in runs)
        each = [round(run["accuracy"], 3) for run in runs]
        print(f"{name:<36} {mean:.3f} (95 %: {low:.3f} to {high:.3f}, n = {n})   "
              f"position {position:.2f}   {each}")  # fmt: skip
    for seed, (one, other) in enumerate(zip(*results.values(), strict=True)):
        pairs = list(zip(one["right"], other["right"], strict=True))
        gained, lost = pairs.count((0, 1)), pairs.count((1, 0))
        print(f"  seed {seed}: +{gained} -{lost}, p = {mcnemar(gained, lost):.2g}")


def main() -> None:
    """Prepare once, then measure in the order of the docstring."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/extras"))
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="of torch; all cores unless given")
    parser.add_argument("--test", action="store_true", help="also look at the test photos, once")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    recipe_file = prepare_web(options.photos, options.workspace, options.port)
    recipe, workspace = load_recipe(recipe_file), Workspace.at(options.workspace)
    bench = Bench(recipe, workspace, options.seeds)
    print(f"{describe_machine()}\n{options.seeds} seeds; accuracy: mean (lowest to highest)")
    base = choose_base(bench)
    best = tune(bench, put_together(bench, base, try_each(bench, base)))
    print(f"\nbest: {asdict(best)}")
    if options.test:
        show_test(
            bench, Trial(recipe.train.lr, count_epochs(recipe.train), {"copies": COPIES}), best
        )


if __name__ == "__main__":
    main()
