"""Tests the forecasts of `foodcls worth` by hiding pictures: forecast, reveal, compare.

    python benchmarks/worth.py PHOTOS --workspace W                # foods13_web, half hidden
    python benchmarks/worth.py PHOTOS --workspace W --hide 0.75    # three quarters hidden
    python benchmarks/worth.py GROCERY/train --workspace W         # a folder, a sub-folder a class

Part of each class's pictures is hidden, whole clusters. From the others it is forecast what the
class's recall gains by the hidden ones, and by a part of them; then they are revealed, and the gain
is measured by cross-validation over all of the class's pictures. `held` counts true gains within
the interval of 90 %; true gains are measured too, with an error that the interval has to hold as
well. Beside it stand two simple forecasts: no gain, and a straight line over the logarithm of the
count. Choices were made on the splits from 0 on of foods13_web; --first 100 draws others.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from foods13_web import PORT, prepare_photos, prepare_web

from foodcls.evaluate.label_issues import judged_rows, pool_features
from foodcls.evaluate.learning_curves import SHARES, Curve, label_pictures, measure_curve
from foodcls.evaluate.worth import Gain, extrapolate
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import cluster_names
from foodcls.recipe.recipe import load_recipe
from foodcls.tables.manifest_csv import read_manifest
from foodcls.train.dataset import encode_labels
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars

RECIPE = """\
name: worth
classes: [{classes}]
collect: {{folder: {folder}, min_per_class: 10}}
augment: {{per_class: null}}
train: {{backbone: tf_efficientnet_lite0, trainable: [], hidden_units: 0}}
"""


class Bench:
    """Pictures with features, of which some are hidden."""

    def __init__(self, recipe_file: Path, folder: Path) -> None:
        recipe, workspace = load_recipe(recipe_file), Workspace.at(folder)
        rows = judged_rows(read_manifest(workspace.manifest))
        cache = FeatureCache(workspace.store, workspace.pixels, bars)
        self.features = pool_features(rows, recipe.train, cache)
        self.truth = encode_labels(rows, recipe.labels)
        self.clusters = cluster_names(rows).to_numpy(object)
        self.classes = len(recipe.labels)

    def curve(self, rows: np.ndarray, grown: tuple[int, ...], seed: int) -> Curve:
        """The learning curve of the classes `grown` among these rows, a mask (N,)."""
        shown = label_pictures(self.features[rows], self.truth[rows], self.clusters[rows])
        return measure_curve(shown, grown, seed)

    def hide(self, share: float, seed: int) -> np.ndarray:
        """A mask (N,): what is shown; of each class a share of the clusters is hidden."""
        draw = np.random.default_rng(seed)
        shown = np.zeros(len(self.truth), dtype=bool)
        for place in range(self.classes):
            own = self.truth == place
            clusters = draw.permutation(np.unique(self.clusters[own].astype(str)))
            kept = clusters[: round((1 - share) * len(clusters))]
            shown |= own & np.isin(self.clusters.astype(str), kept)
        return shown

    def test(self, share: float, seed: int) -> Iterator[tuple[float, Gain, float, float]]:
        """How many times as many pictures, the forecast, the truth, and a straight line's."""
        shown, begin = self.hide(share, seed), SHARES.index(1 - share)
        growing = [tuple(range(self.classes)), *((place,) for place in range(self.classes))]
        for grown in bars(growing, len(growing), f"split {seed}"):
            curve = self.curve(shown, grown, seed)
            now = curve.sizes[-1]
            revealed = self.curve(shown | np.isin(self.truth, grown), grown, seed).recalls
            slope = (curve.recalls[-1] - curve.recalls[-3]) / np.log(now / curve.sizes[-3])
            for place in range(begin + 1, len(SHARES)):
                times = SHARES[place] / SHARES[begin]
                forecast = extrapolate(curve, now, now * times)
                gain = float(revealed[place] - revealed[begin])
                yield times, forecast, gain, float(slope * np.log(times))


def show(times: float, tested: list[tuple[float, Gain, float, float]]) -> None:
    """A line for the forecasts of so many times the pictures."""
    low, middle, high, truth, line = np.array(
        [(gain.low, gain.middle, gain.high, true, line) for _, gain, true, line in tested]
    ).T
    # but for rounding, as where all are right before and after
    less, more = (truth < low - 1e-9).sum(), (truth > high + 1e-9).sum()
    held = len(tested) - less - more
    misses = [100 * np.sqrt(np.mean((one - truth) ** 2)) for one in (middle, line, 0)]
    print(
        f"{times:.1f} times the pictures: {held} of {len(tested)} held "
        f"({100 * held / len(tested):.0f} of 100; {less} gained less, {more} more); true gain "
        f"{100 * truth.mean():+.1f} points in the mean, interval {100 * (high - low).mean():.1f} "
        "long; root mean square miss {:.1f}, of a straight line {:.1f}, of no gain {:.1f}".format(
            *misses
        ),
        flush=True,
    )


def prepare(photos: Path, folder: Path, port: int) -> Path:
    """Let foodcls prepare the photographs; give the recipe."""
    if (photos / "index.csv").exists():
        return prepare_web(photos, folder, port)
    names = ", ".join(f"{{name: {path.name}}}" for path in sorted(photos.iterdir()))
    (folder / "recipe").mkdir(parents=True, exist_ok=True)
    recipe_file = folder / "recipe" / "recipe.yaml"
    recipe_file.write_text(RECIPE.format(classes=names, folder=photos.resolve()))
    prepare_photos(recipe_file, folder)
    return recipe_file


def main() -> None:
    """Prepare once, then hide, forecast and reveal."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/worth"))
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--hide", type=float, choices=[0.5, 0.75], default=0.5)
    parser.add_argument("--splits", type=int, default=8, help="other pictures hidden in each")
    parser.add_argument("--first", type=int, default=100, help="number of the first split")
    options = parser.parse_args()
    bench = Bench(prepare(options.photos, options.workspace, options.port), options.workspace)
    seeds = range(options.first, options.first + options.splits)
    tested = [one for seed in seeds for one in bench.test(options.hide, seed)]
    for times in sorted({one[0] for one in tested}):
        show(times, [one for one in tested if one[0] == times])


if __name__ == "__main__":
    main()
