import ctypes
import dataclasses
import io
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from foodcls.evaluate.evaluate import evaluate
from foodcls.export.load import load_model
from foodcls.export.predict import BATCH, predict, predict_many, prediction_cells
from foodcls.features.row_cache import FeatureCache
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint
from foodcls.work.memory import INSIDE

Trained = tuple[Checkpoint, pd.DataFrame]


def test_answers_are_those_of_the_evaluation(
    trained: Trained, store: Store, model_path: Path, tmp_path: Path
) -> None:
    found = evaluate(*trained, FeatureCache(store, tmp_path / "cache"))
    table = pd.read_csv(io.BytesIO(store.read(found.predictions)), keep_default_na=False)
    model = load_model(model_path)
    answers = list(predict(model, [store.path(one) for one in table["id"]]))
    assert [answer.label for answer in answers] == list(table["predicted"])
    assert [answer.probability for answer in answers] == pytest.approx(
        list(table["probability"]), abs=2e-6
    )
    assert len(answers[0].probabilities) == 3
    assert sum(answers[0].probabilities) == pytest.approx(1)


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
    model_path: Path, tmp_path: Path, colored: Callable[..., bytes]
) -> None:
    good = tmp_path / "good.png"
    good.write_bytes(colored(0, 0))
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "torn.png").write_bytes(colored(0, 0)[:150])
    os.mkfifo(tmp_path / "pipe.jpg")
    bad = [tmp_path / name for name in ("text.jpg", "torn.png", "pipe.jpg", "absent.png", ".")]
    answers = list(predict(load_model(model_path), [*bad, good]))
    assert [answer.path for answer in answers] == [str(path) for path in [*bad, good]]
    assert all(answer.error and not answer.label for answer in answers[:-1])
    assert answers[-1].label and not answers[-1].error


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="no such C library")
def test_freed_memory_is_retained_for_more_than_a_batch_and_given_back(
    model_path: Path, colored: Callable[..., bytes]
) -> None:
    model, picture = load_model(model_path), colored(1, 0)
    for count in (1, BATCH, BATCH + 1):
        answers = predict_many(model, [picture] * count)
        next(answers)
        assert len(INSIDE) == (count > BATCH)
        assert len(list(answers)) == count - 1 and not INSIDE


def test_many_pictures_keep_their_order(model_path: Path, colored: Callable[..., bytes]) -> None:
    model = load_model(model_path)
    pictures = [colored(place % 3, place) for place in range(2 * BATCH + 3)]
    pictures[BATCH] = b"no picture"
    alone = [next(predict_many(model, [picture])) for picture in pictures]
    together = list(predict_many(model, iter(pictures)))
    assert [one.guess for one in together] == [one.guess for one in alone]
    assert [bool(one.error) for one in together] == [place == BATCH for place in range(35)]
    for one, other in zip(alone, together, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_below_the_threshold_the_model_is_unsure_but_says_its_probabilities(
    model_path: Path, colored: Callable[..., bytes]
) -> None:
    model = load_model(model_path)
    (sure,) = predict_many(model, [colored(1, 0)])
    assert sure.label == sure.guess and not sure.is_unsure and sure.probability is not None
    strict = dataclasses.replace(model, abstain_below=sure.probability + 1e-6)
    (unsure,) = predict_many(strict, [colored(1, 0)])
    assert unsure.is_unsure and unsure.label == ""
    assert (unsure.guess, unsure.probabilities) == (sure.guess, sure.probabilities)
    assert prediction_cells(unsure) == ("", sure.guess, sure.probability, 1.0, True, False, "")
    just = dataclasses.replace(model, abstain_below=sure.probability)
    assert next(predict_many(just, [colored(1, 0)])).label == sure.guess
