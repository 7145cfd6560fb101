"""Asks whether a person's looks at a part of the test pictures tell the accuracy on true labels.

    python benchmarks/foods13_web.py PHOTOS --workspace W     # first: prepares the workspace
    python benchmarks/looks.py PHOTOS --workspace W

The photographs come with 260 planted strangers, and 5 % of the others get a wrong label here. A
linear head on features judges each picture untaught by it. In each of 200 simulations a test set is
drawn from all pictures, a person who knows the truth looks at the first N of them in the order of
`foodcls review --test`, and the interval is held against the accuracy on the true labels of the
whole test set. Beside it: as many looks by chance, with Wilson's interval.
"""

import argparse
from pathlib import Path

import numpy as np
from planted import STRANGER, Planted, plant_foods

from foodcls.evaluate.label_issues import Floats
from foodcls.evaluate.looks import draw_order, estimate_accuracy
from foodcls.metrics.metrics import wilson
from foodcls.metrics.predictions import Predictions

SIZES = (300, 1000)  # test pictures
LOOKS = (30, 60, 120, 200)
RUNS = 200


def simulate(
    planted: Planted, probabilities: Floats, size: int, looks: int, seed: int
) -> tuple[float, ...]:
    """Whether the interval holds the truth, half its length, its error; by chance, likewise."""
    dice = np.random.default_rng(seed)
    drawn = dice.choice(len(planted.given), size, replace=False)
    # what is drawn first hangs on the names: others in each simulation
    ids = tuple(f"{seed}-{place}" for place in drawn)
    truth = planted.truth[drawn]
    answers = Predictions(planted.labels, ids, ids, ("",) * size, planted.given[drawn],
                          probabilities[drawn])  # fmt: skip
    right, known = answers.predicted == truth, truth != STRANGER
    accuracy = right[known].mean()
    shown = {name: "" if place == STRANGER else planted.labels[place]
             for name, place in zip(ids, truth, strict=True)}  # fmt: skip
    found = estimate_accuracy(answers, {name: shown[name] for name in draw_order(answers)[:looks]})
    chance = dice.permutation(size)[:looks]
    valid = int(known[chance].sum())
    low, high = wilson(int(right[chance].sum()), valid)
    return (found.low <= accuracy <= found.high, (found.high - found.low) / 2,
            found.value - accuracy, low <= accuracy <= high, (high - low) / 2)  # fmt: skip


def main() -> None:
    """Simulate, and print a row for each number of looks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("/tmp/foods13"))
    given = parser.parse_args()
    planted = plant_foods(given.photos, given.workspace, 0)
    probabilities = planted.scored.probabilities
    print("test pictures, looks: holds the truth, half an interval, mean error; by chance, Wilson")
    for size in SIZES:
        for looks in LOOKS:
            runs = np.array([simulate(planted, probabilities, size, looks, seed)
                             for seed in range(RUNS)], dtype=float)  # fmt: skip
            held, half, error, plain_held, plain_half = runs.mean(axis=0)
            print(f"{size:5}, {looks:4}: {held:.3f}, ±{half:.3f}, {error:+.4f}; "
                  f"{plain_held:.3f}, ±{plain_half:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
