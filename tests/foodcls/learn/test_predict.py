import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from foodcls.errors import InputError
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.evaluate import evaluate
from foodcls.learn.export import export
from foodcls.learn.exported import Manner, export_bytes
from foodcls.learn.predict import load_model, predict
from foodcls.learn.train import load_network
from foodcls.store import Store, digest_file

Trained = tuple[Checkpoint, pd.DataFrame]


@pytest.fixture
def model_path(trained: Trained, store: Store, tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    path.write_bytes(store.read(export(*trained, store, {}).blob))
    return path


def test_answers_are_those_of_the_evaluation(
    trained: Trained, store: Store, model_path: Path, tmp_path: Path
) -> None:
    found = evaluate(*trained, store, tmp_path / "cache")
    table = pd.read_csv(io.BytesIO(store.read(found.predictions)), keep_default_na=False)
    model = load_model(model_path)
    answers = list(predict(model, [store.path(one) for one in table["id"]]))
    assert [answer.label for answer in answers] == list(table["predicted"])
    assert [answer.probability for answer in answers] == pytest.approx(
        list(table["probability"]), abs=2e-6
    )
    assert len(answers[0].probabilities) == 3
    assert sum(answers[0].probabilities) == pytest.approx(1)


def test_model_tells_labels_provenance_and_digest(trained: Trained, model_path: Path) -> None:
    model = load_model(model_path)
    assert model.labels == trained[0].labels
    assert model.provenance["checkpoint"] == trained[0].digest
    assert model.digest == digest_file(model_path)


def test_pictures_are_turned_upright_and_laid_on_white(
    model_path: Path, tmp_path: Path, noise: Callable[..., Image.Image]
) -> None:
    picture = noise(1, 80, 50)
    picture.save(tmp_path / "plain.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    alpha = picture.copy()
    alpha.putalpha(255)
    alpha.save(tmp_path / "alpha.png")
    model = load_model(model_path)
    plain, turned, laid = predict(
        model, [tmp_path / f"{name}.png" for name in ("plain", "turned", "alpha")]
    )
    assert turned.probabilities == plain.probabilities == laid.probabilities


def test_a_bad_file_is_a_row_and_the_rest_go_on(
    model_path: Path, tmp_path: Path, coloured: Callable[..., bytes]
) -> None:
    good = tmp_path / "good.png"
    good.write_bytes(coloured(0, 0))
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "torn.png").write_bytes(coloured(0, 0)[:150])
    os.mkfifo(tmp_path / "pipe.jpg")
    bad = [tmp_path / name for name in ("text.jpg", "torn.png", "pipe.jpg", "absent.png", ".")]
    answers = list(predict(load_model(model_path), [*bad, good]))
    assert [answer.path for answer in answers] == [str(path) for path in [*bad, good]]
    assert all(answer.error and not answer.label for answer in answers[:-1])
    assert answers[-1].label and not answers[-1].error


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


def test_a_file_with_swapped_classes_is_refused(
    trained: Trained, store: Store, model_path: Path
) -> None:
    model = load_model(model_path)
    network = load_network(trained[0], store)
    model_path.write_bytes(export_bytes(network, Manner(32, model.labels[::-1]), model.provenance))
    with pytest.raises(InputError, match="classes were altered"):
        load_model(model_path)


def test_flipped_bytes_never_crash(model_path: Path) -> None:
    data = bytearray(model_path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
    draw = np.random.default_rng(0)
    for _ in range(40):
        place = int(draw.integers(len(data)))
        data[place] ^= 255
        model_path.write_bytes(data)
        try:
            load_model(model_path)
        except InputError as error:
            assert "export it again" in str(error)
        data[place] ^= 255
