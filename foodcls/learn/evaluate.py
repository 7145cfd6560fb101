"""Turns a checkpoint and the rows of one split into an honest account of how good it is."""

from pathlib import Path

import pandas as pd
import torch
from torch.nn.utils import convert_conv2d_weight_memory_format

from foodcls.errors import StageError
from foodcls.judge.answers import Answers, answers_csv
from foodcls.judge.bootstrap import number_groups
from foodcls.judge.evaluation import Evaluation, Source, account_for
from foodcls.judge.metrics import Floats, Ints
from foodcls.judge.reliability import temper
from foodcls.learn.arrays import LIMIT
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.course import keep_trunk
from foodcls.learn.examples import Reading, load_examples, split_rows
from foodcls.learn.fit import answer_all
from foodcls.learn.shelf import Shelf
from foodcls.learn.train import load_network
from foodcls.progress import Track, silent
from foodcls.store import Store

BATCH = 32
PRECISION = "fp32"  # that of the exported file, whatever it was learnt in


def evaluate(
    checkpoint: Checkpoint,
    manifest: pd.DataFrame,
    store: Store,
    cache: Path,
    split: str = "test",
    track: Track = silent,
    limit: float = LIMIT,
) -> Evaluation:
    """Judge a checkpoint on the kept rows of `split`, a cluster being a group.

    At most `limit` bytes stay in `cache`. StageError when there are no such rows.
    """
    rows = split_rows(manifest, split)
    if len(rows) == 0:
        raise StageError(
            f"no {split} pictures to judge by; raise split.{split} or name an outside test set"
        )
    before, truth = answer_rows(checkpoint, rows, Shelf(store, cache, track, limit))
    answers = Answers(
        labels=checkpoint.labels,
        ids=tuple(rows["id"]),
        origins=tuple(rows["origin"]),
        groups=tuple(rows["cluster"]),
        truth=truth,
        probabilities=temper(before, checkpoint.temperature),
    )
    return account_for(
        before,
        truth,
        number_groups(answers.groups),
        Source(
            checkpoint=checkpoint.digest,
            split=split,
            labels=checkpoint.labels,
            temperature=checkpoint.temperature,
            abstain_below=checkpoint.abstain_below,
            predictions=store.put(answers_csv(answers).encode()),
        ),
    )


def answer_rows(checkpoint: Checkpoint, rows: pd.DataFrame, shelf: Shelf) -> tuple[Floats, Ints]:
    """What a checkpoint says at temperature 1 of these rows, (N, C), and the true classes (N,).

    What its frozen layers made of a picture in fp32 is used again, whichever checkpoint asked. What
    a training in bf16 has kept is not: the exported file computes in fp32, so they run anew.
    """
    network, size = load_network(checkpoint, shelf.store), checkpoint.settings.input_size
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    halves = keep_trunk(network, size, PRECISION, len(rows), shelf)
    reading = Reading(halves, size, PRECISION)
    examples = load_examples(rows, checkpoint.labels, reading, shelf)
    _, probabilities = answer_all(lambda inputs: halves.tail(*inputs), examples, BATCH)
    return probabilities, examples.targets
