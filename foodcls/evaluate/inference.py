"""Runs a checkpoint on manifest rows and gives its probabilities."""

import pandas as pd
import torch
from torch import Tensor
from torch.nn.utils import convert_conv2d_weight_memory_format

from foodcls.features.activations import cacheable_partition
from foodcls.features.row_cache import FeatureCache
from foodcls.metrics.ranks import Floats, Ints
from foodcls.network.network import Network
from foodcls.network.rejection import FeaturesAlone
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.dataset import InputSpec, load_dataset, run_all
from foodcls.train.restore import load_network
from foodcls.work.memory import retain_freed_memory

BATCH = 32
PRECISION = "fp32"  # that of the exported file, whatever the training used


def predict_rows(
    checkpoint: Checkpoint, rows: pd.DataFrame, feature_cache: FeatureCache
) -> tuple[Floats, Ints]:
    """Probabilities at temperature 1, float32 (N, C), and the true classes, int64 (N,), of rows.

    Features of the frozen layers are read from the cache where an earlier run left them in fp32.
    Those of a training in bf16 are computed again, as the exported file computes in fp32.
    """
    network = load_network(checkpoint, feature_cache.store)
    logits, truth = _run_rows(network, checkpoint, rows, feature_cache)
    return logits.softmax(1).numpy(), truth


def embed_rows(
    checkpoint: Checkpoint, rows: pd.DataFrame, feature_cache: FeatureCache
) -> tuple[Tensor, Tensor]:
    """Logits (N, C) and features (N, F) of rows, float64, of the mean over a picture's views."""
    return predict_embedded(checkpoint, rows, feature_cache)[2]


def predict_embedded(
    checkpoint: Checkpoint, rows: pd.DataFrame, feature_cache: FeatureCache
) -> tuple[Floats, Ints, tuple[Tensor, Tensor]]:
    """What `predict_rows` gives, and what `embed_rows` gives, by one pass over the pictures."""
    network, count = load_network(checkpoint, feature_cache.store), len(checkpoint.labels)
    network.beside = FeaturesAlone()
    outputs, truth = _run_rows(network, checkpoint, rows, feature_cache)
    # a copy that something can be fitted to
    features = outputs[:, count:].clone()
    with torch.no_grad():
        network.head.double()
        logits = network.classify(features)
    return outputs[:, :count].softmax(1).numpy(), truth, (logits, features)


def _run_rows(
    network: Network, checkpoint: Checkpoint, rows: pd.DataFrame, feature_cache: FeatureCache
) -> tuple[Tensor, Ints]:
    size = checkpoint.settings.input_size
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    partition = cacheable_partition(network, size, PRECISION, len(rows), feature_cache)
    spec = InputSpec(partition, size, PRECISION)
    with retain_freed_memory():
        dataset = load_dataset(rows, checkpoint.labels, spec, feature_cache)
        outputs = run_all(lambda inputs: partition.tail(*inputs), dataset, BATCH)
    return outputs, dataset.targets
