"""Turns a checkpoint and the rows of one split into an honest account of how good it is."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from foodcls.errors import StageError
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.examples import Shelf, load_examples, split_rows
from foodcls.learn.fit import judge
from foodcls.learn.halves import Halves
from foodcls.learn.metrics import (
    Floats,
    Ints,
    average_position,
    class_means,
    confusion_matrix,
    precisions,
    ranks,
    recalls,
    top_share,
    wilson,
)
from foodcls.learn.train import load_network
from foodcls.progress import Track, silent
from foodcls.store import Store, digest_json

BATCH = 32


@dataclass(frozen=True)
class ClassScore:
    """How one class fared; None where there is nothing to divide by."""

    label: str
    n: int
    recall: float | None
    precision: float | None
    average_position: float | None  # mean rank of the true label, 1 is best


@dataclass(frozen=True)
class Evaluation:
    """How a checkpoint answers on pictures it never learnt from."""

    checkpoint: str  # its digest
    split: str
    n: int
    accuracy: float
    accuracy_low: float  # Wilson, 95 %
    accuracy_high: float
    average_position: float  # macro: the mean of the classes' means
    average_position_micro: float
    top3: float
    labels: tuple[str, ...]
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]  # a row for each true class
    predictions: str  # blob: CSV, a row for each picture

    @property
    def digest(self) -> str:
        """SHA-256 of the record."""
        return digest_json(dataclasses.asdict(self))

    @property
    def headline(self) -> dict[str, float]:
        """The figures that models are compared by, by the names they have everywhere."""
        names = (
            "accuracy", "accuracy_low", "accuracy_high", "n", "average_position",
            "average_position_micro", "top3",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def to_json(self) -> str:
        """The record as JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Evaluation":
        """Read what `to_json` wrote."""
        record = json.loads(text)
        record["labels"] = tuple(record["labels"])
        record["per_class"] = tuple(ClassScore(**score) for score in record["per_class"])
        record["confusion"] = tuple(tuple(row) for row in record["confusion"])
        return cls(**record)


def evaluate(
    checkpoint: Checkpoint,
    manifest: pd.DataFrame,
    store: Store,
    cache: Path,
    split: str = "test",
    track: Track = silent,
) -> Evaluation:
    """Judge a checkpoint on the kept rows of `split`; StageError when there are none."""
    rows = split_rows(manifest, split)
    if len(rows) == 0:
        raise StageError(
            f"no {split} pictures to judge by; raise split.{split} or name an outside test set"
        )
    network = load_network(checkpoint, store)
    examples = load_examples(
        rows,
        checkpoint.labels,
        Halves(trunk=None, tail=network),
        checkpoint.input_size,
        Shelf(store, cache, track),
    )
    _, probabilities = judge(network, network, examples, BATCH)
    table = _prediction_table(rows, checkpoint.labels, probabilities, examples.targets)
    blob = store.put(table.to_csv(index=False, lineterminator="\n").encode())
    return _summarise(checkpoint, split, probabilities, examples.targets, blob)


def _summarise(
    checkpoint: Checkpoint, split: str, probabilities: Floats, truth: Ints, predictions: str
) -> Evaluation:
    confusion = confusion_matrix(truth, probabilities.argmax(axis=1), len(checkpoint.labels))
    places = ranks(probabilities, truth)
    right = int(np.trace(confusion))
    low, high = wilson(right, len(truth))
    return Evaluation(
        checkpoint=checkpoint.digest,
        split=split,
        n=len(truth),
        accuracy=right / len(truth),
        accuracy_low=low,
        accuracy_high=high,
        average_position=average_position(places, truth),
        average_position_micro=float(places.mean()),
        top3=top_share(places, 3),
        labels=checkpoint.labels,
        per_class=_class_scores(checkpoint.labels, confusion, class_means(places, truth)),
        confusion=tuple(tuple(map(int, row)) for row in confusion),
        predictions=predictions,
    )


def _class_scores(
    labels: tuple[str, ...], confusion: Ints, positions: dict[int, float]
) -> tuple[ClassScore, ...]:
    found, right, counts = recalls(confusion), precisions(confusion), confusion.sum(axis=1)
    return tuple(
        ClassScore(label, int(counts[place]), found[place], right[place], positions.get(place))
        for place, label in enumerate(labels)
    )


def _prediction_table(
    rows: pd.DataFrame, labels: tuple[str, ...], probabilities: Floats, truth: Ints
) -> pd.DataFrame:
    guesses = probabilities.argmax(axis=1)
    table = pd.DataFrame(
        {
            "id": rows["id"].to_numpy(),
            "label": rows["label"].to_numpy(),
            "predicted": [labels[guess] for guess in guesses],
            "probability": probabilities.max(axis=1).round(6),
            "rank": ranks(probabilities, truth),
            # people open this in a spreadsheet: no cell of it may be a formula
            "origin": rows["origin"].str.replace(r"^(?=[=+\-@\t\r])", "'", regex=True).to_numpy(),
        }
    )
    # a class may be called "label", so its column has a name that no other can have
    scores = pd.DataFrame(probabilities.round(6), columns=[f"p_{label}" for label in labels])
    return pd.concat([table, scores], axis=1)
