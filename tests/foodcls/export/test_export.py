import dataclasses
import io
import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from foodcls.errors import ExportError
from foodcls.export import export as module
from foodcls.export.export import TOLERANCE, export
from foodcls.export.exported_files import ExportedRef
from foodcls.export.exported_program import FACTS, program_bytes
from foodcls.export.load import read_model
from foodcls.export.torchscript import export_bytes
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint

Trained = tuple[Checkpoint, pd.DataFrame]
Studio = tuple[Path, Checkpoint, pd.DataFrame]


def test_both_files_are_kept_and_compared_on_held_out_pictures(
    exported: tuple[Path, ExportedRef],
) -> None:
    store, ref = Store(exported[0]), exported[1]
    assert all(map(store.is_whole, ref.blobs().values()))
    assert ref.bytes == len(store.read(ref.blob))
    # of 9 validation and 9 test pictures, one of them in four disguises, and noise
    assert ref.compared == module.COMPARED + 4 + len(module.ODD_SIZES)
    assert 0 <= ref.max_difference <= TOLERANCE


def test_provenance_names_data_settings_and_versions(
    studio: Studio, exported: tuple[Path, ExportedRef]
) -> None:
    (root, ref), checkpoint = exported, studio[1]
    told = read_model(Store(root).read(ref.blob), "model").provenance
    assert told["commit"] == "abc"
    assert told["checkpoint"] == checkpoint.digest
    assert told["train.data_digest"] == checkpoint.data_digest
    assert told["train.seed"] == "0"
    assert told["torch"] == torch.__version__
    assert told["train.mean"].split() == [str(value) for value in checkpoint.mean]
    extra = {FACTS: ""}
    torch.export.load(io.BytesIO(Store(root).read(ref.blobs()[".pt2"])), extra_files=extra)
    facts = json.loads(extra[FACTS])
    assert facts["provenance"] == told and tuple(facts["labels"]) == checkpoint.labels


def test_the_same_checkpoint_gives_the_same_files(
    studio: Studio, exported: tuple[Path, ExportedRef]
) -> None:
    root, checkpoint, manifest = studio
    assert export(checkpoint, manifest, Store(root), {"commit": "abc"}) == exported[1]


@pytest.mark.parametrize(
    ("kind", "write"), [("pt", "export_bytes"), ("pt2", "program_bytes")], ids=["pt", "pt2"]
)
def test_a_file_that_answers_otherwise_is_refused(
    trained: Trained, store: Store, monkeypatch: pytest.MonkeyPatch, kind: str, write: str
) -> None:
    real = {"export_bytes": export_bytes, "program_bytes": program_bytes}[write]

    class Spoilt(nn.Module):
        """The fault that was the original's: other pixels than in training."""

        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return self.network(pixels.transpose(2, 3))

    monkeypatch.setattr(module, write, lambda network, *rest: real(Spoilt(network).eval(), *rest))
    blobs = sorted(store.root.glob("blobs/*/*"))
    with pytest.raises(ExportError) as refused:
        export(*trained, store, {})
    said = str(refused.value)
    assert f": the .{kind} file gives " in said and ", the trained network " in said
    assert said.startswith("picture ") and sorted(store.root.glob("blobs/*/*")) == blobs


def test_labels_in_another_order_are_other_files(
    trained: Trained, store: Store, exported: tuple[Path, ExportedRef]
) -> None:
    checkpoint, manifest = trained
    swapped = dataclasses.replace(checkpoint, labels=checkpoint.labels[::-1])
    ref = export(swapped, manifest, store, {"commit": "abc"})
    assert not set(ref.blobs().values()) & set(exported[1].blobs().values())


def test_a_held_out_picture_of_one_colour_is_no_obstacle(trained: Trained, store: Store) -> None:
    checkpoint, manifest = trained
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(buffer, "PNG")
    manifest.loc[manifest["split"] == "val", "picture"] = store.put(buffer.getvalue())
    assert export(checkpoint, manifest, store, {}).compared > 10
