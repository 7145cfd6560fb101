"""Cards for pages: a picture's thumbnail, its source, and what each model predicted."""

import base64
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from PIL import Image

from foodcls.errors import StoreError
from foodcls.image.decode import BadPicture, decode
from foodcls.metrics.predictions import Key, Predictions, name_rows
from foodcls.metrics.ranks import Ints
from foodcls.recipe.data_settings import MOST_PIXELS
from foodcls.store.store import Store

SIDE = 160  # pixels of the longer side of a thumbnail
# 4 KB a picture: a page of a hundred stays below half a megabyte
QUALITY = 78


@dataclass(frozen=True)
class PictureIndex:
    """The pictures of a manifest by the keys of prediction rows, see `name_rows`."""

    rows: Mapping[Key, tuple[str, str]]  # digest of the picture, URL of its page
    store: Store

    def read(self, key: Key) -> bytes:
        """A row's picture file, as the network got it; StoreError when it is not in the store."""
        if key not in self.rows:
            raise StoreError(f"no picture {key[0]} in the manifest; prepare it again")
        return self.store.read(self.rows[key][0])

    def page(self, key: Key) -> str:
        """The URL of the page that showed a picture; empty where none is known."""
        return self.rows.get(key, ("", ""))[1]

    def count(self, keys: Iterable[Key]) -> int:
        """How many of these rows the index holds."""
        return sum(key in self.rows for key in keys)


@dataclass(frozen=True)
class CardPrediction:
    """The prediction of one model for a picture."""

    label: str
    probability: float  # of `label`
    truth: float  # probability of the true class
    is_right: bool


@dataclass(frozen=True)
class Card:
    """A picture on a page."""

    id: str
    label: str  # the true one
    origin: str
    page: str  # URL of the page that showed it, or empty
    image: str  # data URI; empty where the picture cannot be shown
    predictions: tuple[CardPrediction, ...]  # a model each


def worst_places(answers: Predictions, most: int) -> Ints:
    """Rows of wrong answers, int64, of the highest confidence first; then of the least true one."""
    wrong = np.flatnonzero(answers.right == 0)
    own = answers.probabilities[np.arange(len(answers.truth)), answers.truth]
    order = np.lexsort((own[wrong], -answers.confidence[wrong]))
    return wrong[order][:most]


def make_cards(
    places: Iterable[int], answers: Sequence[Predictions], pictures: PictureIndex
) -> tuple[Card, ...]:
    """Cards of these rows, with the predictions of each model in `answers`, in aligned order."""
    first, keys = answers[0], answers[0].keys
    return tuple(
        Card(
            id=first.ids[place],
            label=first.labels[first.truth[place]],
            origin=first.origins[place],
            page=pictures.page(keys[place]),
            image=_image(partial(pictures.read, keys[place])),
            predictions=tuple(_card_prediction(own, place) for own in answers),
        )
        for place in map(int, places)
    )


def thumbnail(data: bytes) -> str:
    """A data URI of a JPEG of at most 160 pixels a side; BadPicture when `data` is no picture."""
    return data_uri(small_jpeg(data, SIDE, QUALITY, MOST_PIXELS))


def data_uri(jpeg: bytes) -> str:
    """An address that holds the picture itself."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def small_jpeg(data: bytes, side: int, quality: int, max_pixels: int) -> bytes:
    """A picture as a JPEG of at most `side` pixels a side, upright; else BadPicture."""
    image = decode(data, max_pixels).image
    # what reduce() leaves is at least twice the size: the filter then sees enough pixels
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def show_blobs(blobs: Iterable[str], store: Store) -> tuple[str, ...]:
    """Data URIs of the pictures in these blobs, those that are there."""
    return tuple(filter(None, (_image(partial(store.read, blob)) for blob in blobs)))


def index_pictures(rows: pd.DataFrame, store: Store) -> PictureIndex:
    """Index the pictures of manifest rows."""
    keys = name_rows(rows["id"], rows["label"])
    return PictureIndex(
        dict(zip(keys, zip(rows["picture"], rows["page"], strict=True), strict=True)), store
    )


def _image(read: Callable[[], bytes]) -> str:
    try:
        return thumbnail(read())
    # the page is still useful without a picture that was deleted since
    except (StoreError, BadPicture):
        return ""


def _card_prediction(answers: Predictions, place: int) -> CardPrediction:
    best, truth = int(answers.predicted[place]), int(answers.truth[place])
    scores = answers.probabilities[place]
    return CardPrediction(
        answers.labels[best], float(scores[best]), float(scores[truth]), best == truth
    )
