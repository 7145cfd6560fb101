"""Builds the network of a checkpoint again, for evaluation; knows nothing of training."""

import dataclasses

from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors

from foodcls.errors import StoreError
from foodcls.network.backbones import make_backbone
from foodcls.network.network import (
    Network,
    count_views,
    head_units,
    join_network,
    make_head,
)
from foodcls.network.rejection import Rejector
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint, RejectionRef


def load_network(checkpoint: Checkpoint, store: Store) -> Network:
    """Build the network of a checkpoint on the processor, for evaluation; its blob is verified.

    It uses test-time augmentation where the checkpoint asks for that.
    """
    data, settings = store.read(checkpoint.weights), checkpoint.settings
    bare = make_backbone(settings.backbone, "none", settings.input_size)
    backbone = dataclasses.replace(bare, mean=checkpoint.mean, std=checkpoint.std)
    head = make_head(
        backbone.features, head_units(settings), len(checkpoint.labels), settings.dropout, 0
    )
    network = join_network(backbone, head, settings)
    try:
        network.load_state_dict(load_safetensors(data))
    except (RuntimeError, SafetensorError) as error:
        raise StoreError(f"the weights do not fit their checkpoint: {error}") from error
    network.tta_views = count_views(settings)
    return network.eval()


def load_rejector(ref: RejectionRef, store: Store) -> Rejector:
    """Build what a checkpoint refuses strangers by."""
    return Rejector(ref.score, load_safetensors(store.read(ref.weights))).eval()
