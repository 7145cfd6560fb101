"""The page of a recipe's latest runs: the settings that differ, and the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foodcls.report.templates import render_page

# figures of a run's row, with their digits after the point
COLUMNS = {"average_position": 2, "macro_recall": 3, "best_val_loss": 3, "best_epoch": 0}


@dataclass(frozen=True)
class RunLine:
    """A recorded run as a row of the page."""

    name: str
    started: str  # UTC, for people
    figures: Mapping[str, float]
    settings: Mapping[str, str]
    data: str  # digest of the training data
    tests: str  # digest of the test data
    commit: str = ""

    @property
    def accuracy(self) -> float | None:
        """Share of the test pictures that were predicted right."""
        return self.figures.get("accuracy")

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The accuracy's 95 % interval."""
        ends = self.figures.get("accuracy_low"), self.figures.get("accuracy_high")
        return None if None in ends else ends  # type: ignore[return-value]


def runs_html(recipe: str, runs: Sequence[RunLine]) -> str:
    """The page of `runs`, newest first; it loads and runs nothing, and escapes all values."""
    values: dict[str, Any] = {
        "recipe": recipe,
        "runs": runs,
        "columns": COLUMNS,
        "differing": differing(runs),
        "comparable": [bool(run.tests) and run.tests == runs[0].tests for run in runs],
    }
    return render_page("runs.html", values)


def differing(runs: Sequence[RunLine]) -> dict[str, list[str]]:
    """The settings that differ between runs, with each run's value."""
    keys = sorted({key for run in runs for key in run.settings})
    rows = {key: [run.settings.get(key, "–") for run in runs] for key in keys}
    return {key: row for key, row in rows.items() if len(set(row)) > 1}


def name_change(
    settings: Mapping[str, str], before: Mapping[str, str] | None, *, is_new_data: bool
) -> str:
    """The settings that changed since the run before, e.g. `lr=0.0002, epochs=3`."""
    if before is None:
        return "first"
    # a setting that another version of foodcls did not have is no change
    changed = [key for key in settings if key in before and settings[key] != before[key]]
    words = [f"{_short(key, settings)}={settings[key][:20]}" for key in changed]
    return ", ".join(words) or ("new pictures" if is_new_data else "the same again")


def _short(key: str, keys: Mapping[str, str]) -> str:
    """The last word of a dotted key, where no other key ends with it."""
    last = key.rpartition(".")[2]
    return key if sum(other.rpartition(".")[2] == last for other in keys) > 1 else last
