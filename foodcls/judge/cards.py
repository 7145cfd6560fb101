"""Turns rows of answers into what a page shows of a picture: small image, source, who said what."""

import base64
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from foodcls.curate.decode import load_picture
from foodcls.errors import StoreError
from foodcls.judge.answers import Answers
from foodcls.judge.metrics import Ints

SIDE = 160  # pixels of the longer side of a thumbnail
# 4 KB a picture: a page of a hundred stays below half a megabyte
QUALITY = 78

Read = Callable[[int], bytes]


@dataclass(frozen=True)
class Said:
    """What one model said of a picture."""

    label: str
    probability: float  # of `label`
    own: float  # of the true class
    is_right: bool


@dataclass(frozen=True)
class Card:
    """A picture on a page."""

    id: str
    label: str  # the true one
    origin: str
    page: str  # address of the page that showed it, or empty
    image: str  # data URI; empty where the picture cannot be shown
    said: tuple[Said, ...]


def worst_places(answers: Answers, most: int) -> Ints:
    """Rows of wrong answers, the most confident first; ties by how unlikely the truth was."""
    wrong = np.flatnonzero(answers.right == 0)
    own = answers.probabilities[np.arange(len(answers.truth)), answers.truth]
    order = np.lexsort((own[wrong], -answers.confidence[wrong]))
    return wrong[order][:most]


def make_cards(
    places: Iterable[int], answers: Sequence[Answers], pages: Sequence[str], read: Read
) -> tuple[Card, ...]:
    """Cards of these rows; `pages` are addresses by row, `read` gives a row's picture file."""
    first = answers[0]
    return tuple(
        Card(
            id=first.ids[place],
            label=first.labels[first.truth[place]],
            origin=first.origins[place],
            page=pages[place],
            image=_image(read, place),
            said=tuple(_said(own, place) for own in answers),
        )
        for place in map(int, places)
    )


def thumbnail(data: bytes) -> str:
    """A picture that a stage has found sound, as a data URI of a JPEG of at most 160 a side."""
    image = load_picture(data)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _image(read: Read, place: int) -> str:
    try:
        return thumbnail(read(place))
    # a page about many pictures does without one that has gone since
    except (StoreError, OSError):
        return ""


def _said(answers: Answers, place: int) -> Said:
    best, truth = int(answers.predicted[place]), int(answers.truth[place])
    scores = answers.probabilities[place]
    return Said(answers.labels[best], float(scores[best]), float(scores[truth]), best == truth)
