"""Predicts the labels of picture files by an exported model."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np

from foodcls.export.model import Model
from foodcls.image.decode import BadPicture, decode
from foodcls.image.files import explain_refusal, read_picture
from foodcls.network.resize import Pixels, squash_pixels
from foodcls.progress import Item, Track, silent
from foodcls.recipe.data_settings import MAX_PIXELS
from foodcls.work.memory import retain_freed_memory
from foodcls.work.parallel import prefetch

BATCH = 16  # pictures that go through the network at once

# a file as the network gets it, uint8 (S, S, 3), or why it cannot be read
Square = Pixels | BadPicture | OSError


@dataclass(frozen=True)
class Prediction:
    """The prediction for one picture, or the error that prevents it."""

    path: str
    guess: str = ""  # the most probable class; empty when there is an error
    probability: float | None = None  # of `guess`, given that it is one of the classes
    probabilities: tuple[float, ...] = ()  # in the order of the model's labels
    is_unsure: bool = False  # `probability` is below the model's threshold
    known: float | None = None  # the probability that it is one of the classes
    is_none: bool = False  # none of these: `known` is below the model's threshold
    error: str = ""

    @property
    def label(self) -> str:
        """The predicted class; empty when it is unsure or none of these, or on an error."""
        return "" if self.is_unsure or self.is_none else self.guess


def prediction_cells(prediction: Prediction) -> tuple[object, ...]:
    """The cells of a prediction, in the order of `PREDICTION_COLUMNS`."""
    one = prediction
    sure = one.label, one.guess, one.probability, one.known
    return *sure, one.is_unsure, one.is_none, one.error


def predict(model: Model, paths: Sequence[Path], track: Track = silent) -> Iterator[Prediction]:
    """Predict each file in turn; one that is no picture gets an error, and the rest go on."""
    names = [str(path) for path in paths]
    squares = _prefetch(paths, lambda path: _square(model, lambda: read_picture(path)))
    predictions = _predict_batches(model, squares)
    for name, prediction in track(zip(names, predictions, strict=True), len(names), "predict"):
        yield dataclasses.replace(prediction, path=name)


def predict_many(model: Model, pictures: Iterable[bytes]) -> Iterator[Prediction]:
    """Predict picture files given as bytes; the paths of the predictions stay empty."""
    return _predict_batches(model, _prefetch(pictures, lambda data: _square(model, lambda: data)))


def _square(model: Model, read: Callable[[], bytes]) -> Square:
    try:
        # first frame, upright, on white
        return squash_pixels(np.asarray(decode(read(), MAX_PIXELS).image), model.size)
    except (BadPicture, OSError) as error:
        return error


def _prefetch(items: Iterable[Item], work: Callable[[Item], Square]) -> Iterator[Square]:
    return prefetch(items, work, os.cpu_count() or 1, BATCH)


def _predict_batches(model: Model, squares: Iterator[Square]) -> Iterator[Prediction]:
    first = list(islice(squares, BATCH + 1))
    every = chain(first, squares)
    # giving all of it back in the end costs more than a few pictures gain, as a server's table has
    with retain_freed_memory() if len(first) > BATCH else nullcontext():
        while batch := list(islice(every, BATCH)):
            sound = [one for one in batch if isinstance(one, np.ndarray)]
            shares, known = probabilities_of(model, np.stack(sound)) if sound else ((), ())
            pairs = zip(shares, known, strict=True)
            for one in batch:
                if isinstance(one, np.ndarray):
                    yield make_prediction(model, *next(pairs))
                else:
                    yield Prediction("", error=explain_refusal(one))


def probabilities_of(model: Model, pixels: Pixels) -> tuple[list[list[float]], list[float]]:
    """Probabilities of the classes (N, C), and of any of them (N,), of uint8 (N, H, W, 3)."""
    shares, known = model.answer(pixels)
    return shares.tolist(), known.tolist()


def make_prediction(model: Model, probabilities: list[float], known: float) -> Prediction:
    """What a picture's probabilities, of each class and of any, mean by the model's thresholds."""
    best = int(np.argmax(probabilities))
    highest = probabilities[best]
    return Prediction(
        path="",
        guess=model.labels[best],
        probability=highest,
        probabilities=tuple(probabilities),
        is_unsure=highest < model.abstain_below,
        known=known,
        is_none=known < model.known_from,
    )
