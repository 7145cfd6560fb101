"""Predictions of a model on labeled pictures, written as a CSV table and read back."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from foodcls.errors import TableError
from foodcls.metrics.ranks import Floats, Ints, ranks
from foodcls.tables.spreadsheet import table_csv, unmark_table

# the columns before those of the classes
FACTS = ("id", "label", "predicted", "probability", "rank", "origin", "group")
# no digits are lost that decide a rank: far below the first class they are small
DIGITS = "%.9g"

Key = tuple[str, str, int]


@dataclass(frozen=True)
class Predictions:
    """The probabilities that a model gives for labeled pictures, a row each."""

    labels: tuple[str, ...]
    ids: tuple[str, ...]
    origins: tuple[str, ...]
    groups: tuple[str, ...]  # pictures of one name are look-alikes; empty: on its own
    truth: Ints  # int64 (N,), indices into `labels`
    probabilities: Floats  # (N, C); rows sum to 1

    @property
    def keys(self) -> tuple[Key, ...]:
        """The key of each row, see `name_rows`."""
        return tuple(name_rows(self.ids, (self.labels[place] for place in self.truth)))

    @property
    def predicted(self) -> Ints:
        """The most probable class of each row, int64 (N,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def right(self) -> Ints:
        """int64 (N,): 1 where the most probable class is the true one, else 0."""
        return (self.predicted == self.truth).astype(int)

    @property
    def confidence(self) -> Floats:
        """The highest probability of each row, (N,)."""
        highest: Floats = self.probabilities.max(axis=1)
        return highest


def name_rows(ids: Iterable[str], labels: Iterable[str]) -> Iterator[Key]:
    """A unique key for each row: id, label, and a number from 0 for crops of the same picture."""
    seen: Counter[tuple[str, str]] = Counter()
    for pair in zip(ids, labels, strict=True):
        yield (*pair, seen[pair])
        seen[pair] += 1


def predictions_csv(answers: Predictions) -> str:
    """A row for each picture: the facts, and a probability for each class in `p_CLASS`."""
    names = np.array(answers.labels, dtype=object)
    table = pd.DataFrame(
        {
            "id": answers.ids,
            "label": names[answers.truth],
            "predicted": names[answers.predicted],
            "probability": answers.confidence,
            "rank": ranks(answers.probabilities, answers.truth),
            "origin": answers.origins,
            "group": answers.groups,
        }
    )
    # a class may be called "label", so its column has a name that no other can have
    columns = [f"p_{label}" for label in answers.labels]
    scores = pd.DataFrame(answers.probabilities.astype(np.float64), columns=columns)
    return table_csv(pd.concat([table, scores], axis=1), DIGITS)


def read_predictions(text: str) -> Predictions:
    """Read what `predictions_csv` wrote; TableError when it is none."""
    try:
        return _parse(text)
    except (ValueError, KeyError) as error:
        raise TableError(
            f"no table of answers ({error}); `foodcls run` writes predictions.csv"
        ) from error


def read_last(path: Path) -> Predictions | None:
    """The predictions of a workspace's last run; None where there was none."""
    return read_predictions(path.read_text("utf-8")) if path.exists() else None


def _parse(text: str) -> Predictions:
    # a class may be called "NA", or like a number
    columns = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, nrows=0).columns
    if tuple(columns[: len(FACTS)]) != FACTS:
        raise TableError(
            f"no table of answers: its columns begin with {', '.join(columns[:8])}, wanted "
            f"are {', '.join(FACTS)}; `foodcls run` writes predictions.csv"
        )
    kinds = {name: str if name in FACTS else float for name in columns}
    table = unmark_table(pd.read_csv(io.StringIO(text), dtype=kinds, keep_default_na=False))
    labels = tuple(name.removeprefix("p_") for name in columns[len(FACTS) :])
    places = {label: place for place, label in enumerate(labels)}
    return Predictions(
        labels=labels,
        ids=tuple(table["id"]),
        origins=tuple(table["origin"]),
        groups=tuple(table["group"]),
        truth=np.array([places[label] for label in table["label"]], dtype=np.int64),
        probabilities=table.iloc[:, len(FACTS) :].to_numpy(dtype=float),
    )
