import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from foodcls.errors import InputError
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.export import export
from foodcls.learn.predict import load_model, predict
from foodcls.learn.served import Served, _load_pyfunc
from foodcls.store import Store


@pytest.fixture
def model_path(trained: tuple[Checkpoint, pd.DataFrame], store: Store, tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "model.pt"
    path.parent.mkdir()
    path.write_bytes(store.read(export(*trained, store, {}).blob))
    return path


def test_bytes_and_base64_give_what_predict_gives(
    model_path: Path, coloured: Callable[..., bytes], labels: tuple[str, ...]
) -> None:
    data = coloured(1, 2)
    picture = model_path.with_suffix(".png")
    picture.write_bytes(data)
    (wanted,) = predict(load_model(model_path), [picture])
    frame = pd.DataFrame({"image": [data, base64.b64encode(data).decode()]}, index=[7, 3])
    answers = _load_pyfunc(str(model_path)).predict(frame)
    assert list(answers.columns) == ["label", "probability", "error", *(f"p_{x}" for x in labels)]
    assert list(answers.index) == [7, 3]
    for _, answer in answers.iterrows():
        assert (answer["label"], answer["error"]) == (wanted.label, "")
        assert np.allclose(list(answer[3:]), wanted.probabilities)


def test_a_bad_picture_is_a_row_with_a_reason(
    model_path: Path, coloured: Callable[..., bytes]
) -> None:
    frame = pd.DataFrame({"image": [b"no picture", "not base64!", None, coloured(0, 0)]})
    answers = _load_pyfunc(str(model_path)).predict(frame, params=None)
    assert [bool(error) for error in answers["error"]] == [True, True, True, False]
    assert answers["probability"].isna().tolist() == [True, True, True, False]
    assert list(answers["label"])[:3] == ["", "", ""]


def test_a_folder_with_one_file_is_opened(model_path: Path) -> None:
    assert isinstance(_load_pyfunc(str(model_path.parent)), Served)
    (model_path.parent / "second.pt").write_bytes(b"")
    with pytest.raises(InputError, match=r"2 \.pt files"):
        _load_pyfunc(str(model_path.parent))


def test_a_table_without_pictures_is_refused(model_path: Path) -> None:
    with pytest.raises(InputError, match=r"\['picture'\].*'image'"):
        _load_pyfunc(str(model_path)).predict(pd.DataFrame({"picture": [b""]}))


def test_a_large_picture_is_answered(
    model_path: Path, noise: Callable[..., Image.Image], encode: Callable[..., bytes]
) -> None:
    frame = pd.DataFrame({"image": [encode(noise(3, 2000, 1500), "JPEG")]})
    assert _load_pyfunc(str(model_path)).predict(frame)["error"].tolist() == [""]
