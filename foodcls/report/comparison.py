"""Turns two models' answers on the same pictures into what is told of them, and into a page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from foodcls.metrics.bootstrap import number_groups
from foodcls.metrics.paired_test import PairedTest, compare_answers
from foodcls.metrics.predictions import Answers
from foodcls.metrics.ranks import Ints
from foodcls.report.sentences import explain_pair
from foodcls.report.templates import render_page
from foodcls.report.thumbnails import Album, Card, make_cards

# pictures of each kind on the page; thumbnails of 5 KB
SHOWN = 60


@dataclass(frozen=True)
class ClassChange:
    """How many pictures of a class each model gets right."""

    label: str
    n: int
    a: int
    b: int
    won: int  # by B alone
    lost: int  # right by A alone


@dataclass(frozen=True)
class Rivals:
    """What is told of two models, A and B, that answered the same pictures."""

    a: Answers
    b: Answers
    names: tuple[str, str]
    test: PairedTest
    notes: tuple[str, ...] = ()  # why to doubt it

    @property
    def sentences(self) -> list[str]:
        """Whether B is better, by which figures, and why to doubt it."""
        return [*explain_pair(self.test, *self.names), *self.notes]

    @property
    def won(self) -> Ints:
        """Rows that B alone gets right, those where A was surest of itself first."""
        return self._rows(self.b.right > self.a.right)

    @property
    def lost(self) -> Ints:
        """Rows that A alone gets right, those where B is surest of itself first."""
        return self._rows(self.a.right > self.b.right)

    @property
    def moved(self) -> Ints:
        """Rows that both get wrong, each in its own way."""
        return self._rows(
            (self.a.right + self.b.right == 0) & (self.a.predicted != self.b.predicted)
        )

    @property
    def classes(self) -> list[ClassChange]:
        """The classes in which most has changed first."""
        changes = [self._change(place, label) for place, label in enumerate(self.a.labels)]
        return sorted(changes, key=lambda change: -(change.won + change.lost))

    def _rows(self, chosen: np.ndarray) -> Ints:
        rows = np.flatnonzero(chosen)
        wrong = np.where(self.a.right[rows] == 1, self.b.confidence[rows], self.a.confidence[rows])
        return rows[np.argsort(-wrong, kind="stable")]

    def _change(self, place: int, label: str) -> ClassChange:
        own = self.a.truth == place
        a, b = self.a.right[own], self.b.right[own]
        return ClassChange(
            label, len(a), int(a.sum()), int(b.sum()), int((b > a).sum()), int((a > b).sum())
        )


def compare_rivals(
    a: Answers, b: Answers, names: tuple[str, str], notes: tuple[str, ...] = ()
) -> Rivals:
    """Compare answers that `pair_answers` has lined up."""
    groups = number_groups(a.groups)
    test = compare_answers(a.probabilities, b.probabilities, a.truth, groups)
    return Rivals(a, b, names, test, notes)


def rivals_html(rivals: Rivals, album: Album) -> str:
    """The page; nothing in it is loaded, run, or trusted as markup."""
    kinds = (
        ("B alone is right", rivals.won),
        ("A alone is right", rivals.lost),
        ("Both are wrong, each in its own way", rivals.moved),
    )
    values = {
        "names": rivals.names,
        "test": rivals.test,
        "sentences": rivals.sentences,
        "figures": _figures(rivals.test),
        "classes": rivals.classes,
        "kinds": [(title, len(rows), _cards(rivals, rows, album)) for title, rows in kinds],
    }
    return render_page("compare.html", values)


def rivals_record(rivals: Rivals) -> dict[str, Any]:
    """The same for programs, as JSON values."""
    ids = rivals.a.ids
    return {
        "names": list(rivals.names),
        "verdict": rivals.test.verdict,
        "sentences": rivals.sentences,
        "test": asdict(rivals.test),
        "per_class": [asdict(change) for change in rivals.classes],
        "won": [ids[row] for row in rivals.won],
        "lost": [ids[row] for row in rivals.lost],
    }


def _figures(test: PairedTest) -> Sequence[tuple[str, Any, Any, Any]]:
    """Name, A's and B's figure, and the difference where it is tested."""
    a, b = test.a, test.b
    return (
        ("accuracy", a.accuracy, b.accuracy, test.accuracy),
        ("average position, macro", a.average_position, b.average_position, test.average_position),
        ("average position, micro", a.average_position_micro, b.average_position_micro, None),
        ("macro recall", a.macro_recall, b.macro_recall, None),
        ("among the first 3", a.top3, b.top3, None),
        ("among the first 5", a.top5, b.top5, None),
    )


def _cards(rivals: Rivals, rows: Ints, album: Album) -> tuple[Card, ...]:
    return make_cards(rows[:SHOWN], [rivals.a, rivals.b], album)
