"""Compares the order of `foodcls suspects` with cleanlab's, on the same features.

    python benchmarks/foods13_web.py PHOTOS --workspace W     # first: prepares the workspace
    python benchmarks/label_orders.py PHOTOS GROCERY --workspace W

Two sets whose truth is known, see planted.py; three seeds for what is planted, means and extremes.
Wrong are strangers and moved labels together. cleanlab runs in an environment of its own, on a
logistic regression of scikit-learn's on the same features, held out by five folds.
"""

import argparse
from pathlib import Path

import numpy as np
from peers import describe_machine
from planted import Planted, order_by_ours, order_by_peer, plant_foods, plant_groceries

SEEDS = (0, 1, 2)
FIRST = (100, 260)


def score_order(planted: Planted, order: np.ndarray) -> list[float]:
    """Precision among the first, and the recall of all that is wrong in the first quarter."""
    wrong = planted.is_wrong[order]
    quarter = wrong[: len(wrong) // 4].sum() / wrong.sum()
    return [*(float(wrong[:count].mean()) for count in FIRST), float(quarter)]


def main() -> None:
    """Print a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("grocery", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/foods13_web"))
    options = parser.parse_args()
    print(describe_machine())
    for name in ("foods13_web", "grocery_small"):
        scores: dict[str, list[list[float]]] = {}
        for seed in SEEDS:
            if name == "foods13_web":
                planted = plant_foods(options.photos, options.workspace, seed)
            else:
                place = options.workspace / "grocery"
                planted = plant_groceries(options.grocery, options.photos, place, seed)
            version, orders = order_by_peer(planted)
            for key, order in {"foodcls suspects": order_by_ours(planted), **orders}.items():
                scores.setdefault(key, []).append(score_order(planted, order))
        counts = f"{len(planted.given)} pictures, {planted.is_wrong.sum()} wrong"
        print(f"\n{name}: {counts}; cleanlab {version}")
        print(f"{'order':<30} precision at {FIRST[0]}, at {FIRST[1]}, recall at 25 %")
        for key, rows in scores.items():
            told = [f"{np.mean(one):.3f} ({min(one):.3f} to {max(one):.3f})"
                    for one in zip(*rows, strict=True)]  # fmt: skip
            print(f"{key:<30} {', '.join(told)}", flush=True)


if __name__ == "__main__":
    main()
