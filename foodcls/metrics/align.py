"""Brings two models' predictions into one order of rows and classes, so that they compare."""

import dataclasses
from collections import Counter
from collections.abc import Iterable

import numpy as np

from foodcls.errors import InputError
from foodcls.metrics.predictions import Key, Predictions

# of what differs, a message names so much
NAMED = 3


def align_predictions(
    a: Predictions, b: Predictions, names: tuple[str, str]
) -> tuple[Predictions, Predictions]:
    """Both with the rows and classes in A's order; InputError unless both have the same ones.

    Where their groups differ, both get those of the model that has fewer: intervals are wider then.
    """
    _check_classes(a, b, names)
    places = [b.labels.index(label) for label in a.labels]
    _check_pictures(a, b, names)
    rows = {key: row for row, key in enumerate(b.keys)}
    order = [rows[key] for key in a.keys]
    groups = min(a.groups, tuple(b.groups[row] for row in order), key=_count_groups)
    lined = b.probabilities[np.ix_(order, places)]
    return (
        dataclasses.replace(a, groups=groups),
        dataclasses.replace(a, groups=groups, probabilities=lined),
    )


def keep_common(a: Predictions, b: Predictions) -> tuple[Predictions, Predictions]:
    """Both without the rows that the other does not have."""
    common = set(a.keys) & set(b.keys)
    return _keep(a, common), _keep(b, common)


def _keep(answers: Predictions, keys: set[Key]) -> Predictions:
    rows = [place for place, key in enumerate(answers.keys) if key in keys]
    return dataclasses.replace(
        answers,
        ids=tuple(answers.ids[row] for row in rows),
        origins=tuple(answers.origins[row] for row in rows),
        groups=tuple(answers.groups[row] for row in rows),
        truth=answers.truth[rows],
        probabilities=answers.probabilities[rows],
    )


def _check_classes(a: Predictions, b: Predictions, names: tuple[str, str]) -> None:
    only_a, only_b = set(a.labels) - set(b.labels), set(b.labels) - set(a.labels)
    if only_a or only_b:
        found = [
            f"only {name} knows {_name_some(sorted(labels))}"
            for name, labels in zip(names, (only_a, only_b), strict=True)
            if labels
        ]
        raise InputError(
            f"{names[0]} and {names[1]} tell different classes apart: {'; '.join(found)}; only "
            "models of the same classes can be compared"
        )


def _check_pictures(a: Predictions, b: Predictions, names: tuple[str, str]) -> None:
    keys_a, keys_b = set(a.keys), set(b.keys)
    if keys_a == keys_b:
        return
    only_a, only_b = _places(a, keys_a - keys_b), _places(b, keys_b - keys_a)
    found = [
        f"{len(places)} of the {len(one.ids)} pictures of {name} are not among the other's, e.g. "
        + _name_some([f"{one.labels[one.truth[place]]} {one.origins[place]}" for place in places])
        for name, one, places in zip(names, (a, b), (only_a, only_b), strict=True)
        if places
    ]
    raise InputError(
        f"{names[0]} and {names[1]} were judged by different pictures: {'; '.join(found)}; give "
        "the exported files (*.pt) and --workspace, to have both answer the same pictures"
    )


def _places(answers: Predictions, keys: set[Key]) -> list[int]:
    return [place for place, key in enumerate(answers.keys) if key in keys]


def _count_groups(groups: Iterable[str]) -> int:
    counts = Counter(groups)
    # each picture without a name is a group of its own
    return len(counts) + max(counts.get("", 0) - 1, 0)


def _name_some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
