"""Turns rows of answers into what a page shows of a picture: small image, source, who said what."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from foodcls.errors import StoreError
from foodcls.image.decode import BadPicture, decode
from foodcls.metrics.predictions import Answers, Key, name_rows
from foodcls.metrics.ranks import Ints
from foodcls.recipe.data_settings import MOST_PIXELS
from foodcls.store.store import Store

SIDE = 160  # pixels of the longer side of a thumbnail
# 4 KB a picture: a page of a hundred stays below half a megabyte
QUALITY = 78


@dataclass(frozen=True)
class Album:
    """Pictures by what their rows are known by."""

    rows: Mapping[Key, tuple[str, str]]  # the picture's blob, and the address of its page
    store: Store

    def read(self, key: Key) -> bytes:
        """A row's picture file, as the network saw it; StoreError when it is not here."""
        if key not in self.rows:
            raise StoreError(f"no picture {key[0]} in the manifest; prepare it again")
        return self.store.read(self.rows[key][0])

    def page(self, key: Key) -> str:
        """The address of the page that showed a picture; empty where none is known."""
        return self.rows.get(key, ("", ""))[1]

    def count(self, keys: Iterable[Key]) -> int:
        """How many of these rows have a picture here."""
        return sum(key in self.rows for key in keys)


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


def make_cards(places: Iterable[int], answers: Sequence[Answers], album: Album) -> tuple[Card, ...]:
    """Cards of these rows, which all of `answers` have in common."""
    first, keys = answers[0], answers[0].keys
    return tuple(
        Card(
            id=first.ids[place],
            label=first.labels[first.truth[place]],
            origin=first.origins[place],
            page=album.page(keys[place]),
            image=_image(album, keys[place]),
            said=tuple(_said(own, place) for own in answers),
        )
        for place in map(int, places)
    )


def thumbnail(data: bytes) -> str:
    """A picture as a data URI of a JPEG of at most 160 a side; BadPicture when it is none."""
    image = decode(data, MOST_PIXELS).image
    image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def open_album(rows: pd.DataFrame, store: Store) -> Album:
    """The pictures of a manifest's rows."""
    keys = name_rows(rows["id"], rows["label"])
    return Album(
        dict(zip(keys, zip(rows["picture"], rows["page"], strict=True), strict=True)), store
    )


def _image(album: Album, key: Key) -> str:
    try:
        return thumbnail(album.read(key))
    # a page about many pictures does without one that has gone since
    except (StoreError, BadPicture):
        return ""


def _said(answers: Answers, place: int) -> Said:
    best, truth = int(answers.predicted[place]), int(answers.truth[place])
    scores = answers.probabilities[place]
    return Said(answers.labels[best], float(scores[best]), float(scores[truth]), best == truth)
