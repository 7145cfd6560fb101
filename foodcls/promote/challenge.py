"""Lets a serving model and a new one answer the same test pictures: which should serve?"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from foodcls.export.answering import ask
from foodcls.export.load import Model
from foodcls.metrics.bootstrap import number_groups
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.predictions import read_answers
from foodcls.promote.rule import (
    Verdict,
    compare_models,
    judge_challenger,
    judge_successor,
)
from foodcls.promote.unseen import unseen_tests
from foodcls.recipe.settings import Promote
from foodcls.store.store import Store
from foodcls.train.dataset import encode_labels, split_rows


@dataclass(frozen=True)
class Serving:
    """The model that serves, and the table of the pictures that it was trained on."""

    model: Model
    pictures: pd.DataFrame


def challenge(
    champion: Serving,
    challenger: Evaluation,
    manifest: pd.DataFrame,
    store: Store,
    rule: Promote,
) -> Verdict:
    """Compare on the test rows of classes that both know, as far as neither learnt from them."""
    known = champion.model.labels
    answers = read_answers(store.read(challenger.predictions).decode())
    shared = [label for label in answers.labels if label in known]
    if len(shared) < 2:
        return Verdict(True, "the classes have changed; the two models cannot be compared")
    tests = split_rows(manifest, "test")
    is_fair = unseen_tests(manifest, champion.pictures) & tests["label"].isin(shared)
    rows = tests[is_fair]
    if len(rows) == 0:
        return Verdict(False, "no test picture is left that the champion did not learn from")
    found = compare_models(
        ask(champion.model, rows["picture"], store)[:, _places(known, shared)],
        answers.probabilities[is_fair.to_numpy()][:, _places(answers.labels, shared)],
        encode_labels(rows, shared),
        number_groups(rows["cluster"]),
    )
    is_same = set(known) == set(answers.labels)
    return judge_challenger(found, rule) if is_same else judge_successor(found)


def _places(labels: Sequence[str], shared: Sequence[str]) -> list[int]:
    return [labels.index(label) for label in shared]
