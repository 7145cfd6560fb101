import base64
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from foodcls.errors import InputError
from foodcls.export.exported_files import ExportedRef
from foodcls.export.load import load_model
from foodcls.export.predict import predict
from foodcls.export.pyfunc import PyfuncModel, _load_pyfunc
from foodcls.store.store import Store


def test_bytes_and_base64_give_what_predict_gives(
    model_path: Path, colored: Callable[..., bytes], labels: tuple[str, ...]
) -> None:
    data = colored(1, 2)
    picture = model_path.with_suffix(".png")
    picture.write_bytes(data)
    (wanted,) = predict(load_model(model_path), [picture])
    frame = pd.DataFrame({"image": [data, base64.b64encode(data).decode()]}, index=[7, 3])
    answers = _load_pyfunc(str(model_path)).predict(frame)
    assert list(answers.columns) == [
        "label", "guess", "probability", "known", "unsure", "none", "error",
        *(f"p_{name}" for name in labels),
    ]  # fmt: skip
    assert list(answers.index) == [7, 3]
    for _, answer in answers.iterrows():
        assert (answer["label"], answer["error"]) == (wanted.label, "")
        assert answer["guess"] == wanted.label and not answer["unsure"]
        assert np.allclose(list(answer[7:]), wanted.probabilities, atol=1e-6)


def test_an_unsure_answer_has_no_label_but_its_probabilities(
    model_path: Path, colored: Callable[..., bytes], labels: tuple[str, ...]
) -> None:
    strict = dataclasses.replace(load_model(model_path), abstain_below=1.0)
    answer = PyfuncModel(strict).predict(pd.DataFrame({"image": [colored(1, 2)]})).iloc[0]
    assert answer["label"] == "" and answer["unsure"] and answer["guess"] in labels
    assert answer["probability"] == max(answer[f"p_{name}"] for name in labels)


def test_a_bad_picture_is_a_row_with_a_reason(
    model_path: Path, colored: Callable[..., bytes]
) -> None:
    frame = pd.DataFrame({"image": [b"no picture", "not base64!", None, colored(0, 0)]})
    answers = _load_pyfunc(str(model_path)).predict(frame, params=None)
    assert [bool(error) for error in answers["error"]] == [True, True, True, False]
    assert answers["probability"].isna().tolist() == [True, True, True, False]
    assert list(answers["label"])[:3] == ["", "", ""]


def test_a_folder_with_one_model_is_opened_and_its_digest_compared(
    exported: tuple[Path, ExportedRef], tmp_path: Path
) -> None:
    store, ref = Store(exported[0]), exported[1]
    for ending, blob in ref.blobs().items():
        (tmp_path / f"model{ending}").write_bytes(store.read(blob))
    (tmp_path / "model.sha256").write_text(f"{ref.blob}  model.pt\n")
    assert _load_pyfunc(str(tmp_path)).model.digest == ref.blob
    (tmp_path / "model.pt").write_bytes(store.read(ref.blobs()[".pt2"]))
    with pytest.raises(InputError, match=r"model\.pt was changed"):
        _load_pyfunc(str(tmp_path))
    (tmp_path / "second.pt").write_bytes(b"")
    with pytest.raises(InputError, match=r"2 \.pt files"):
        _load_pyfunc(str(tmp_path))


def test_a_table_without_pictures_is_refused(model_path: Path) -> None:
    with pytest.raises(InputError, match=r"\['picture'\].*'image'"):
        _load_pyfunc(str(model_path)).predict(pd.DataFrame({"picture": [b""]}))


def test_a_large_picture_is_answered(
    model_path: Path, noise: Callable[..., Image.Image], encode: Callable[..., bytes]
) -> None:
    frame = pd.DataFrame({"image": [encode(noise(3, 2000, 1500), "JPEG")]})
    assert _load_pyfunc(str(model_path)).predict(frame)["error"].tolist() == [""]
