"""Learns from web photographs in several ways, and judges each where the model will be used.

    python benchmarks/target.py PHOTOS OWN --workspace W              # resumes when it was killed
    python benchmarks/target.py PHOTOS OWN --workspace W --only probe "probe, target"
    python benchmarks/target.py PHOTOS OWN --workspace W --per-class 30

PHOTOS are foods13_web.py's photographs, collected and prepared as there; OWN holds cut-outs as
CLASS/TRAY/NAME, and pictures of one class and tray are judged as a group. Each method learns from
the same training photographs, with several seeds, and is judged three times: on the web's test
split, on the web's validation photographs cut out on white, and on OWN. No method sees OWN or the
test split. Figures are means over the seeds with an interval by a bootstrap of groups. A training
that is finished is never repeated: WORKSPACE/target.json remembers.

Peers: timm's features with scikit-learn's logistic regression, and fastai's fine_tune in an
environment of its own. Both begin with the same weights and learn from the same photographs.
"""

import argparse
import itertools
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from foods13_web import PORT, prepare_web
from peers import CACHE, describe_machine
from PIL import Image
from train import run_loop

from foodcls.augment import augment
from foodcls.evaluate.inference import predict_rows
from foodcls.features.row_cache import FeatureCache
from foodcls.image.decode import load_picture, png_bytes
from foodcls.image.foreground import cut_out
from foodcls.manifest import new_manifest, split_rows
from foodcls.metrics.bootstrap import Sample, mean_bounds
from foodcls.metrics.ranks import Floats, number_groups, ranks
from foodcls.network.backbones import make_backbone
from foodcls.network.model_zoo import timm
from foodcls.network.network import with_own_size
from foodcls.recipe.data_settings import Augment
from foodcls.recipe.recipe import Recipe, load_recipe
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store, digest_json, digest_of, replacing
from foodcls.tables.manifest_csv import read_manifest
from foodcls.train.dataset import encode_labels
from foodcls.train.loop import count_epochs
from foodcls.train.train import train
from foodcls.work.code_digest import code_digest
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars

WHITE = (255, 255, 255)
CUTOUT = {"shape": "cutout", "background": "white", "rotation": "any"}
PROBE = {"method": "probe", "hidden_units": 0}
# recipes for the same use: the first takes one backbone's time
RECIPES = Path(__file__).resolve().parent.parent / "recipes"
COPIES = 301
LEARNING = code_digest(("foodcls.train.train",))
# settings that differ from the recipe's of foods13_web.yaml; `copies` of each class
METHODS: dict[str, dict[str, Any]] = {
    "finetune, 301 copies a class": {"copies": COPIES},
    "finetune": {},
    "finetune, target": {"target": CUTOUT},
    "probe": PROBE,
    "probe, target": PROBE | {"target": CUTOUT},
    **{name: yaml.safe_load((RECIPES / name).read_text())["train"]
       for name in ("foods13.yaml", "foods13-best.yaml")},
    "probe, target, one hidden layer": {
        "method": "probe", "target": CUTOUT, "hidden_units": 200,
    },
    "probe_then_finetune, target": {
        "method": "probe_then_finetune", "hidden_units": 0, "target": CUTOUT, "lr": 1e-4,
        "epochs": 5,
    },
}  # fmt: skip
TIMM, FASTAI = "timm's features, scikit-learn's regression", "fastai's fine_tune"
NAMES = (*METHODS, TIMM, FASTAI)


@dataclass(frozen=True)
class Judged:
    """Test pictures of one kind."""

    name: str
    rows: pd.DataFrame
    groups: tuple[str, ...]


class Bench:
    """Learns, judges and remembers."""

    def __init__(self, recipe: Recipe, workspace: Workspace, own: Path, per_class: int) -> None:
        self.recipe, self.workspace, self.per_class = recipe, workspace, per_class
        self.manifest = pick_few(read_manifest(workspace.manifest), per_class)
        self.tests = tuple(list_tests(self.manifest, own, workspace.store))
        self.file = workspace.root / "target.json"
        self.known: dict[str, Any] = json.loads(self.file.read_text()) if self.file.exists() else {}

    def judge(self, name: str, seed: int) -> dict[str, Any]:
        """The ranks of the true classes in each test, and the seconds that learning took."""
        # with the defaults and the code of today
        plan = [plan_method(self.recipe, name, seed)[0].model_dump(mode="json"), LEARNING]
        key = digest_json([name, plan, self.per_class, self.recipe.digest])
        if key not in self.known:
            answers, seconds = self._answer(name, seed)
            places = [ranks(found, self._truth(test)).tolist()
                      for found, test in zip(answers, self.tests, strict=True)]  # fmt: skip
            self.known[key] = {"name": name, "seed": seed, "seconds": seconds, "ranks": places}
            with replacing(self.file) as part:
                part.write_text(json.dumps(self.known))
        found: dict[str, Any] = self.known[key]
        return found

    def _truth(self, test: Judged) -> np.ndarray:
        return encode_labels(test.rows, self.recipe.labels)

    def _answer(self, name: str, seed: int) -> tuple[list[Floats], float]:
        if name == TIMM:
            return answer_timm(self)
        if name == FASTAI:
            return answer_fastai(self, seed)
        settings, copies = plan_method(self.recipe, name, seed)
        grown = self._grow(copies)
        store, begun = self.workspace.store, time.perf_counter()
        with tempfile.TemporaryDirectory(dir=self.workspace.root) as cache:
            # an empty cache, so that seconds compare
            checkpoint = train(grown, store, self.recipe.labels, settings, Path(cache), bars)
            seconds = time.perf_counter() - begun
        kept = FeatureCache(store, self.workspace.pixels, bars)
        return [predict_rows(checkpoint, test.rows, kept)[0] for test in self.tests], seconds

    def _grow(self, copies: int | None) -> pd.DataFrame:
        how, labels = Augment(per_class=copies), self.recipe.labels
        return augment(self.manifest, self.workspace.store, how, labels, bars)


def plan_method(recipe: Recipe, name: str, seed: int) -> tuple[Train, int | None]:
    """How a method learns, and its copies of each class."""
    changes = METHODS.get(name, {}) | {"seed": seed}
    copies = changes.pop("copies", None)
    plan = recipe.train.model_dump(mode="json") | changes
    return Train.model_validate_json(json.dumps(plan)), copies


def pick_few(manifest: pd.DataFrame, per_class: int) -> pd.DataFrame:
    """The manifest with so many training pictures of a class, and half as many of the others.

    0: with all.
    """
    if per_class == 0:
        return manifest
    kept = manifest[manifest["state"] == "kept"].sort_values("id")
    places = kept.groupby(["label", "split"]).cumcount()
    most = kept["split"].map({"train": per_class}).fillna(-(-per_class // 2))
    return kept[places < most].reset_index(drop=True)


def list_tests(manifest: pd.DataFrame, own: Path, store: Store) -> Iterator[Judged]:
    """The three kinds of test pictures."""
    web = split_rows(manifest, "test")
    yield Judged("web test", web, tuple(web["cluster"]))
    val = split_rows(manifest, "val")
    white = [store.put(png_bytes(cut_out(load_picture(store.read(blob)), WHITE)))
             for blob in bars(list(val["picture"]), len(val), "cut out")]  # fmt: skip
    yield Judged("web validation on white", val.assign(picture=white), tuple(val["cluster"]))
    rows = []
    for path in sorted(own.glob("*/*/*.png")):
        data = path.read_bytes()
        rows.append({"id": digest_of(data), "picture": store.put(data), "state": "kept",
                     "label": path.parts[-3], "origin": "/".join(path.parts[-3:])})  # fmt: skip
    groups = tuple(str(Path(row["origin"]).parent) for row in rows)
    yield Judged("own cut-outs", new_manifest(rows), groups)


def answer_timm(bench: Bench) -> tuple[list[Floats], float]:
    """A linear probe as timm's users build it: its own transform, features, and a regression."""
    from sklearn.linear_model import LogisticRegression

    settings, store = with_own_size(bench.recipe.train), bench.workspace.store
    begun = time.perf_counter()
    backbone = make_backbone(settings.backbone, settings.weights, settings.input_size)
    config = timm.data.resolve_model_data_config(backbone.module)
    transform = timm.data.create_transform(**config | {"mean": backbone.mean, "std": backbone.std})

    @torch.inference_mode()
    def features(rows: pd.DataFrame) -> Floats:
        blobs = list(rows["picture"])
        seen = [backbone.module(transform(load_picture(store.read(blob)))[None])[0].numpy()
                for blob in bars(blobs, len(blobs), "features")]  # fmt: skip
        return np.stack(seen)

    rows = split_rows(bench.manifest, "train")
    model = LogisticRegression(max_iter=1000)
    model.fit(features(rows), encode_labels(rows, bench.recipe.labels))
    seconds = time.perf_counter() - begun
    return [model.predict_proba(features(test.rows)) for test in bench.tests], seconds


def answer_fastai(bench: Bench, seed: int) -> tuple[list[Floats], float]:
    """fastai's fine_tune in a process of its own, from files."""
    store, labels = bench.workspace.store, bench.recipe.labels
    plan = with_own_size(bench.recipe.train)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        learnt = {split: split_rows(bench.manifest, split) for split in ("train", "val")}
        tests = {f"test/{number}": test.rows for number, test in enumerate(bench.tests)}
        for name, rows in (learnt | tests).items():
            for number, row in enumerate(rows.itertuples()):
                path = folder / name / str(row.label) / f"{number:06}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                # once, not in each epoch: as fastai's Resize does it
                picture = load_picture(store.read(str(row.picture)))
                size = (plan.input_size,) * 2
                path.write_bytes(png_bytes(picture.resize(size, Image.Resampling.BILINEAR)))
        changes = {"seed": seed, "device": "cpu", "epochs": count_epochs(plan)}
        plan = plan.model_copy(update=changes)
        job = {"folder": place, "labels": labels, "settings": plan.model_dump(mode="json"),
               "workers": 0, "faults": False}  # fmt: skip
        seconds = run_loop("fastai", job, CACHE)[-1].seconds
        # in the order of files by number, whatever their class
        return [np.load(folder / name / "answers.npy") for name in tests], seconds


def show(name: str, runs: list[dict[str, Any]], bench: Bench) -> list[tuple[float, float]]:
    """A line for each test; gives accuracy and average position of each."""
    seconds = np.median([run["seconds"] for run in runs])
    print(f"\n{name}   {seconds:.0f} s, {len(runs)} seed(s)")
    figures = []
    for number, test in enumerate(bench.tests):
        places = np.array([run["ranks"][number] for run in runs])
        truth = encode_labels(test.rows, bench.recipe.labels)
        present = np.unique(truth, return_inverse=True)[1]
        sample = Sample(present, number_groups(test.groups), int(present.max()) + 1)
        right, place = (places == 1).mean(axis=0), places.mean(axis=0)
        accuracy, position_bounds = mean_bounds([right, place], sample)
        low, high = accuracy.micro
        near, far = position_bounds.macro
        position = float(np.mean([place[present == one].mean() for one in np.unique(present)]))
        figures.append((float(right.mean()), position))
        print(f"  {test.name:<26} accuracy {right.mean():.3f} ({low:.3f} to {high:.3f}), average "
              f"position {position:.2f} ({near:.2f} to {far:.2f}), n = {len(truth)} in "
              f"{len(set(test.groups) - {''}) or len(truth)} groups", flush=True)  # fmt: skip
    return figures


def show_disagreements(figures: dict[str, list[tuple[float, float]]]) -> None:
    """The pairs of methods of which the web prefers one and the own pictures the other."""
    print("\nwhere the web's test and the own cut-outs disagree, by accuracy")
    for one, other in itertools.permutations(figures, 2):
        web, own = (figures[one][test][0] - figures[other][test][0] for test in (0, 2))
        if web > 0 > own:
            print(f"  {one} over {other}: {web:+.3f} on the web, {own:+.3f} on the own")


def main() -> None:
    """Prepare once, then learn and judge method by method."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("own", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/target"))
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--per-class", type=int, default=0, help="training photos; 0: all")
    parser.add_argument("--only", nargs="*", choices=NAMES, default=NAMES, help="rows")
    options = parser.parse_args()
    recipe = load_recipe(prepare_web(options.photos, options.workspace, options.port))
    workspace = Workspace.at(options.workspace)
    bench = Bench(recipe, workspace, options.own.resolve(), options.per_class)
    print(f"{describe_machine()}, {torch.get_num_threads()} threads")
    print(f"{len(split_rows(bench.manifest, 'train'))} training photographs")
    figures = {}
    for name in options.only:
        # nothing in it is drawn
        seeds = 1 if name == TIMM else options.seeds
        try:
            runs = [bench.judge(name, seed) for seed in range(seeds)]
        except subprocess.CalledProcessError as error:
            if name != FASTAI:
                raise
            print(f"\n{name}   skipped, as it cannot be installed or run here: {error}", flush=True)
            continue
        figures[name] = show(name, runs, bench)
    show_disagreements(figures)


if __name__ == "__main__":
    main()
