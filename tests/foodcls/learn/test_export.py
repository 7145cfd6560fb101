import dataclasses
import io

import pandas as pd
import pytest
import torch

from foodcls.errors import ExportError
from foodcls.learn import export as module
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.export import TOLERANCE, export
from foodcls.learn.exported import export_bytes
from foodcls.learn.network import Network
from foodcls.store import Store

Trained = tuple[Checkpoint, pd.DataFrame]


def test_the_file_is_kept_and_compared_on_held_out_pictures(trained: Trained, store: Store) -> None:
    ref = export(*trained, store, {"commit": "abc"})
    assert store.is_whole(ref.blob)
    assert ref.bytes == len(store.read(ref.blob))
    # 9 validation and 9 test pictures, and the odd ones
    assert ref.compared == 18 + len(module.ODD_SIZES)
    assert 0 <= ref.max_difference <= TOLERANCE


def test_provenance_names_data_settings_and_versions(trained: Trained, store: Store) -> None:
    checkpoint, manifest = trained
    ref = export(checkpoint, manifest, store, {"commit": "abc"})
    told = torch.jit.load(io.BytesIO(store.read(ref.blob))).provenance
    assert told["commit"] == "abc"
    assert told["checkpoint"] == checkpoint.digest
    assert told["train.data_digest"] == checkpoint.data_digest
    assert told["train.seed"] == "0"
    assert told["torch"] == torch.__version__
    assert told["train.mean"].split() == [str(value) for value in checkpoint.mean]


def test_the_same_checkpoint_gives_the_same_file(trained: Trained, store: Store) -> None:
    assert export(*trained, store, {}).blob == export(*trained, store, {}).blob


def test_a_file_that_answers_otherwise_is_refused(
    trained: Trained, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(network: Network, *rest: object) -> bytes:
        # the fault that was the original's: other pixels than in training
        network.mean += 0.1
        data = export_bytes(network, *rest)
        network.mean -= 0.1
        return data

    monkeypatch.setattr(module, "export_bytes", spoilt)
    blobs = sorted(store.root.glob("blobs/*/*"))
    with pytest.raises(ExportError, match=r"picture [0-9a-f]{12}: the exported file gives"):
        export(*trained, store, {})
    assert sorted(store.root.glob("blobs/*/*")) == blobs


def test_labels_in_another_order_are_another_file(trained: Trained, store: Store) -> None:
    checkpoint, manifest = trained
    swapped = dataclasses.replace(checkpoint, labels=checkpoint.labels[::-1])
    assert export(swapped, manifest, store, {}).blob != export(*trained, store, {}).blob
