import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from foodcls.errors import InputError
from foodcls.export.exported_files import DIGESTS, read_digests, sibling
from foodcls.export.load import load_model
from foodcls.export.optimize import OptimizedNetwork
from foodcls.export.torchscript import InferenceConfig, export_bytes
from foodcls.store.store import Store, digest_file, digest_of
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.restore import load_network

Studio = tuple[Path, Checkpoint, pd.DataFrame]


def test_model_tells_labels_threshold_provenance_and_digest(
    studio: Studio, model_path: Path
) -> None:
    model = load_model(model_path)
    assert model.labels == studio[1].labels
    assert (model.size, model.abstain_below, model.known_from) == (32, 0.0, 0.0)
    assert model.provenance["checkpoint"] == studio[1].digest
    assert model.digest == digest_file(model_path)
    pictures = np.zeros((2, 40, 30, 3), np.uint8)
    assert [one.shape for one in model.answer(pictures)] == [(2, 3), (2,)]


def damage(path: Path, kind: str) -> None:
    data = path.read_bytes()
    if kind == "pickle":
        torch.save({"weight": torch.zeros(1)}, path)
    elif kind == "other module":
        torch.jit.script(torch.nn.Linear(1, 1)).save(path)
    else:
        path.write_bytes({"torn": data[: len(data) // 2], "empty": b"", "text": b"hello"}[kind])


@pytest.mark.parametrize("kind", ["torn", "empty", "text", "pickle", "other module"])
def test_what_is_no_exported_file_is_refused(model_path: Path, kind: str) -> None:
    damage(model_path, kind)
    with pytest.raises(InputError, match="no exported foodcls file"):
        load_model(model_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_model(tmp_path / "absent.pt")


def test_a_file_with_swapped_classes_is_refused(studio: Studio, tmp_path: Path) -> None:
    root, checkpoint, _ = studio
    optimized = OptimizedNetwork(load_network(checkpoint, Store(root)), 32)
    provenance = {"labels_digest": digest_of(json.dumps(list(checkpoint.labels)).encode())}
    path = tmp_path / "model"
    path.write_bytes(export_bytes(optimized, InferenceConfig(32, checkpoint.labels), provenance))
    assert load_model(path).labels == checkpoint.labels
    path.write_bytes(
        export_bytes(optimized, InferenceConfig(32, checkpoint.labels[::-1]), provenance)
    )
    with pytest.raises(InputError, match="classes were altered"):
        load_model(path)


def test_flipped_bytes_never_crash(model_path: Path) -> None:
    data = bytearray(model_path.read_bytes())
    draw = np.random.default_rng(0)
    for _ in range(20):
        place = int(draw.integers(len(data)))
        data[place] ^= 255
        model_path.write_bytes(data)
        try:
            load_model(model_path)
        except InputError as error:
            assert "export it again" in str(error)
        data[place] ^= 255


def test_a_file_that_is_not_the_published_one_is_refused_by_name(model_path: Path) -> None:
    beside = model_path.with_suffix(".sha256")
    right = digest_file(model_path)
    beside.write_text(f"{'0' * 64}  other.pt\n{right} *{model_path.name}\n")
    assert read_digests(sibling(model_path, DIGESTS))[model_path.name] == right
    assert load_model(model_path, right).digest == right
    with pytest.raises(
        InputError, match=rf"{model_path.name} was changed.*not the 0000\S+ that was asked for"
    ):
        load_model(model_path, "0" * 64)
    # another sound model under the same name
    beside.write_text(f"{'a' * 64}  {model_path.name}\n")
    with pytest.raises(
        InputError, match=r"was changed after its export.*not the aaaa\S+ that model\.sha256 says"
    ):
        load_model(model_path)


def test_a_program_is_not_read_as_that_could_run_code(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    path.write_bytes(b"anything")
    with pytest.raises(InputError, match=r"may run programs; foodcls reads the \.pt.*--sha256"):
        load_model(path)


@pytest.mark.parametrize("text", ["", "no digest here", f"{'a' * 64}  other.pt\n"])
def test_a_list_that_does_not_name_the_model_is_no_proof(model_path: Path, text: str) -> None:
    model_path.with_suffix(".sha256").write_text(text)
    assert model_path.name not in read_digests(sibling(model_path, DIGESTS))
    with pytest.raises(InputError, match=r"model\.sha256 says nothing of model\.pt: .*--sha256"):
        load_model(model_path)
    assert load_model(model_path, digest_file(model_path))


def test_a_pipe_is_no_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.pt")
    with pytest.raises(InputError, match="is not a file"):
        load_model(tmp_path / "m.pt")
