"""Turns a checkpoint and the rows of one split into an honest account of how good it is."""

from pathlib import Path

import pandas as pd

from foodcls.errors import StageError
from foodcls.judge.answers import Answers, answers_csv
from foodcls.judge.bootstrap import number_groups
from foodcls.judge.evaluation import Evaluation, Source, account_for
from foodcls.judge.reliability import temper
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.examples import Shelf, load_examples, split_rows
from foodcls.learn.fit import judge
from foodcls.learn.halves import Halves
from foodcls.learn.train import load_network
from foodcls.progress import Track, silent
from foodcls.store import Store

BATCH = 32
# until checkpoints hold their own
TEMPERATURE, ABSTAIN_BELOW = 1.0, 0.0


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
    # these are of temperature 1, which orders the classes as any other does
    _, before = judge(network, network, examples, BATCH)
    answers = Answers(
        labels=checkpoint.labels,
        ids=tuple(rows["id"]),
        origins=tuple(rows["origin"]),
        truth=examples.targets,
        probabilities=temper(before, TEMPERATURE),
    )
    return account_for(
        before,
        examples.targets,
        number_groups(rows["cluster"]),
        Source(
            checkpoint=checkpoint.digest,
            split=split,
            labels=checkpoint.labels,
            temperature=TEMPERATURE,
            abstain_below=ABSTAIN_BELOW,
            predictions=store.put(answers_csv(answers).encode()),
        ),
    )
