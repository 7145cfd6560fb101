"""Turns a checkpoint and manifest rows into the probabilities that it answers with."""

import pandas as pd
import torch
from torch.nn.utils import convert_conv2d_weight_memory_format

from foodcls.metrics.ranks import Floats, Ints
from foodcls.train.activations import keep_trunk
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.dataset import Reading, answer_all, load_examples
from foodcls.train.restore import load_network
from foodcls.train.row_cache import Shelf

BATCH = 32
PRECISION = "fp32"  # that of the exported file, whatever it was learnt in


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
