import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from foodcls.evaluate.evaluate import evaluate
from foodcls.metrics.evaluation import Evaluation
from foodcls.report.account import gather_account
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint

Trained = tuple[Checkpoint, pd.DataFrame]


@pytest.fixture
def judged_once(trained: Trained, store: Store, tmp_path: Path) -> tuple[Evaluation, pd.DataFrame]:
    """The account of a checkpoint at its first epoch's worth: some answers are wrong."""
    checkpoint, manifest = trained
    swapped = manifest.copy()
    # half of the test pictures carry another label, and so are taken for mistakes
    rows = swapped.index[swapped["split"] == "test"][::2]
    swapped.loc[rows, "label"] = "sushi"
    swapped.loc[rows, "page"] = "https://example.org/page"
    return evaluate(checkpoint, swapped, store, tmp_path / "cache"), swapped


def test_the_account_holds_what_evaluation_and_training_left(
    trained: Trained, judged_once: tuple[Evaluation, pd.DataFrame], store: Store
) -> None:
    checkpoint, (scores, manifest) = trained[0], judged_once
    account = gather_account("lunch", checkpoint, scores, manifest, store)
    assert (account.name, account.evaluation, account.epochs) == (
        "lunch",
        scores,
        checkpoint.reports,
    )
    assert account.best_epoch == checkpoint.best_epoch
    wrong = account.answers.right == 0
    assert len(account.mistakes) == wrong.sum() > 0
    assert all(card.image.startswith("data:image/jpeg") for card in account.mistakes)
    assert {card.page for card in account.mistakes} <= {"", "https://example.org/page"}
    assert account.digests["checkpoint"] == checkpoint.digest
    assert account.digests["answers"] == scores.predictions


def test_classes_without_pictures_are_counted_as_such(
    trained: Trained, store: Store, tmp_path: Path
) -> None:
    checkpoint, manifest = trained
    scores = evaluate(checkpoint, manifest, store, tmp_path / "cache")
    fewer = manifest[manifest["label"] != "sushi"]
    scores = dataclasses.replace(scores, labels=checkpoint.labels)
    counts = gather_account("lunch", checkpoint, scores, fewer, store).counts
    assert list(counts) == list(checkpoint.labels)
    assert counts["sushi"] == {"train": 0, "val": 0, "test": 0}
    assert counts["label"] == {"train": 6, "val": 3, "test": 3}
