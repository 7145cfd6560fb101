"""Turns picture files into labels by an exported file, as any other program would use it."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from foodcls.export.load import Model
from foodcls.image.decode import BadPicture, decode
from foodcls.image.files import explain_refusal, read_picture
from foodcls.network.resize import Pixels, as_images, squash_pixels
from foodcls.progress import Item, Track, silent
from foodcls.recipe.data_settings import MAX_PIXELS
from foodcls.work.parallel import prefetch

BATCH = 16  # pictures that go through the network at once

# how an answer stands in tables, before a column for each class
ANSWER = ("label", "guess", "probability", "unsure", "error")
# the pixels that the network sees of a file, or what is wrong with it
Square = Pixels | BadPicture | OSError


@dataclass(frozen=True)
class Prediction:
    """What the model says about one picture, or why it says nothing."""

    path: str
    guess: str = ""  # the most probable class; empty when there is an error
    probability: float | None = None  # of `guess`
    probabilities: tuple[float, ...] = ()  # in the order of the model's labels
    is_unsure: bool = False  # `probability` is below the model's threshold
    error: str = ""

    @property
    def label(self) -> str:
        """The model's answer; empty when it is unsure, or when there is an error."""
        return "" if self.is_unsure else self.guess


def answer_cells(answer: Prediction) -> tuple[str, str, float | None, bool, str]:
    """The cells of an answer under the names of `ANSWER`."""
    return answer.label, answer.guess, answer.probability, answer.is_unsure, answer.error


def predict(model: Model, paths: Sequence[Path], track: Track = silent) -> Iterator[Prediction]:
    """Answer for each path in turn; a file that is no picture gets an error, the rest go on."""
    names = [str(path) for path in paths]
    squares = _ahead(paths, lambda path: _square(model, lambda: read_picture(path)))
    answers = _answer_all(model, squares)
    for name, answer in track(zip(names, answers, strict=True), len(names), "predict"):
        yield dataclasses.replace(answer, path=name)


def predict_many(model: Model, pictures: Iterable[bytes]) -> Iterator[Prediction]:
    """Answer for the bytes of picture files; the paths stay empty."""
    return _answer_all(model, _ahead(pictures, lambda data: _square(model, lambda: data)))


def _square(model: Model, read: Callable[[], bytes]) -> Square:
    try:
        # first frame, upright, on white
        return squash_pixels(np.asarray(decode(read(), MAX_PIXELS).image), model.size)
    except (BadPicture, OSError) as error:
        return error


def _ahead(items: Iterable[Item], work: Callable[[Item], Square]) -> Iterator[Square]:
    return prefetch(items, work, os.cpu_count() or 1, BATCH)


def _answer_all(model: Model, squares: Iterator[Square]) -> Iterator[Prediction]:
    while batch := list(islice(squares, BATCH)):
        sound = [one for one in batch if isinstance(one, np.ndarray)]
        shares = iter(probabilities_of(model, np.stack(sound)).tolist() if sound else ())
        for one in batch:
            if isinstance(one, np.ndarray):
                yield _prediction(model, next(shares))
            else:
                yield Prediction("", error=explain_refusal(one))


@torch.inference_mode()
def probabilities_of(model: Model, pixels: Pixels) -> Pixels:
    """The probabilities (N, C) for pictures (N, H, W, 3), RGB and upright."""
    answer: np.ndarray = model.module(as_images(pixels)).numpy()
    return answer


def _prediction(model: Model, probabilities: list[float]) -> Prediction:
    best = int(np.argmax(probabilities))
    highest = probabilities[best]
    return Prediction(
        path="",
        guess=model.labels[best],
        probability=highest,
        probabilities=tuple(probabilities),
        is_unsure=highest < model.abstain_below,
    )
