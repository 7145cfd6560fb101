"""Turns a model's answers on labelled pictures into a CSV table, and reads it back."""

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd

from foodcls.judge.metrics import Floats, Ints, ranks
from foodcls.manifest import FORMULA

# the columns before those of the classes
FACTS = ("id", "label", "predicted", "probability", "rank", "origin")


@dataclass(frozen=True)
class Answers:
    """What a model said of some pictures, a row each."""

    labels: tuple[str, ...]
    ids: tuple[str, ...]
    origins: tuple[str, ...]
    truth: Ints  # (N,), places in `labels`
    probabilities: Floats  # (N, C)

    @property
    def predicted(self) -> Ints:
        """The places of the likeliest classes."""
        return self.probabilities.argmax(axis=1)

    @property
    def right(self) -> Ints:
        """1 where the likeliest class is the true one, else 0."""
        return (self.predicted == self.truth).astype(int)

    @property
    def confidence(self) -> Floats:
        """The highest probability of each row."""
        highest: Floats = self.probabilities.max(axis=1)
        return highest


def answers_csv(answers: Answers) -> str:
    """A row for each picture: the facts, and a probability for each class in `p_CLASS`."""
    names = np.array(answers.labels, dtype=object)
    table = pd.DataFrame(
        {
            "id": answers.ids,
            "label": names[answers.truth],
            "predicted": names[answers.predicted],
            "probability": answers.confidence.round(6),
            "rank": ranks(answers.probabilities, answers.truth),
            # people open this in a spreadsheet: no cell of it may be a formula
            "origin": pd.Series(answers.origins, dtype=str).str.replace(FORMULA, "'", regex=True),
        }
    )
    # a class may be called "label", so its column has a name that no other can have
    columns = [f"p_{label}" for label in answers.labels]
    scores = pd.DataFrame(answers.probabilities.round(6), columns=columns)
    return pd.concat([table, scores], axis=1).to_csv(index=False, lineterminator="\n")


def read_answers(text: str) -> Answers:
    """Read what `answers_csv` wrote."""
    # a class may be called "NA", or like a number
    table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    labels = tuple(name.removeprefix("p_") for name in table.columns[len(FACTS) :])
    places = {label: place for place, label in enumerate(labels)}
    return Answers(
        labels=labels,
        ids=tuple(table["id"]),
        origins=tuple(table["origin"].str.replace(rf"^'{FORMULA[1:]}", "", regex=True)),
        truth=np.array([places[label] for label in table["label"]], dtype=np.int64),
        probabilities=table.iloc[:, len(FACTS) :].to_numpy(dtype=float),
    )
