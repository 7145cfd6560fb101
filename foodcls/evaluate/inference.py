"""Runs a checkpoint on manifest rows and gives its probabilities."""

import pandas as pd
import torch
from torch.nn.utils import convert_conv2d_weight_memory_format

from foodcls.features.activations import cacheable_partition
from foodcls.features.row_cache import FeatureCache
from foodcls.metrics.ranks import Floats, Ints
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.dataset import InputSpec, load_dataset, predict_all
from foodcls.train.restore import load_network

BATCH = 32
PRECISION = "fp32"  # that of the exported file, whatever the training used


def predict_rows(
    checkpoint: Checkpoint, rows: pd.DataFrame, feature_cache: FeatureCache
) -> tuple[Floats, Ints]:
    """Probabilities at temperature 1, float32 (N, C), and the true classes, int64 (N,), of rows.

    Features of the frozen layers are read from the cache where an earlier run left them in fp32.
    Those of a training in bf16 are computed again, as the exported file computes in fp32.
    """
    network, size = load_network(checkpoint, feature_cache.store), checkpoint.settings.input_size
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    partition = cacheable_partition(network, size, PRECISION, len(rows), feature_cache)
    spec = InputSpec(partition, size, PRECISION)
    dataset = load_dataset(rows, checkpoint.labels, spec, feature_cache)
    _, probabilities = predict_all(lambda inputs: partition.tail(*inputs), dataset, BATCH)
    return probabilities, dataset.targets
