import base64
import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from foodcls.errors import StoreError
from foodcls.manifest import new_manifest
from foodcls.metrics.predictions import Predictions
from foodcls.report.thumbnails import (
    SIDE,
    PictureIndex,
    index_pictures,
    make_cards,
    thumbnail,
    worst_places,
)
from foodcls.store.store import Store


@pytest.fixture
def answers(answered: Callable[..., Predictions]) -> Predictions:
    """Right; wrong at 0.9, the truth at 0.1 and at 0.05; wrong at 0.5."""
    return answered(
        [0, 0, 0, 1],
        [[0.8, 0.2, 0.0], [0.1, 0.9, 0.0], [0.05, 0.9, 0.05], [0.5, 0.3, 0.2]],
        ids=("a", "b", "c", "d"),
    )


def open_uri(uri: str) -> Image.Image:
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_the_surest_mistakes_come_first(answers: Predictions) -> None:
    assert worst_places(answers, 9).tolist() == [2, 1, 3]
    assert worst_places(answers, 1).tolist() == [2]


def test_a_card_shows_the_picture_and_what_each_said(
    answers: Predictions, store: Store, noise, encode
) -> None:
    rows = {("b", "dish 0", 0): (store.put(encode(noise(1))), "http://x/page")}
    (card,) = make_cards([1], [answers, answers], PictureIndex(rows, store))
    assert (card.id, card.label, card.page) == ("b", "dish 0", "http://x/page")
    assert card.origin == "https://example.org/1.jpg"
    first, second = card.predictions
    assert (first.label, first.probability, first.truth) == ("dish 1", 0.9, 0.1)
    assert not first.is_right and first == second
    assert open_uri(card.image).size == (96, 64)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89PNG\r\n\x1a\n broken", b"<svg onload='alert(1)'/>", b"GIF89a" + bytes(90)],
    ids=["empty", "broken", "markup", "cut"],
)
def test_what_is_no_picture_leaves_a_card_without_one(
    answers: Predictions, store: Store, data: bytes
) -> None:
    rows = {("b", "dish 0", 0): (store.put(data), "")}
    cards = make_cards([1, 2], [answers], PictureIndex(rows, store))
    assert [card.image for card in cards] == ["", ""]


def test_thumbnails_are_small_and_carry_nothing_along() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (400, 900, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secret"
    Image.fromarray(pixels).save(buffer, "JPEG", exif=exif, comment=b"secret")
    uri = thumbnail(buffer.getvalue())
    with open_uri(uri) as image:
        assert max(image.size) == SIDE and image.size[0] / image.size[1] == pytest.approx(
            9 / 4, 0.02
        )
    assert b"secret" not in base64.b64decode(uri.partition(",")[2])
    assert len(uri) < 20_000


def test_pieces_of_one_picture_are_found_in_their_order(store: Store) -> None:
    blobs = [store.put(bytes([number])) for number in range(3)]
    rows = new_manifest(
        {"id": digest, "label": "pesto", "picture": blob, "page": f"http://x/{blob[:4]}"}
        for digest, blob in zip(("one", "one", "two"), blobs, strict=True)
    )
    pictures = index_pictures(rows, store)
    assert pictures.read(("one", "pesto", 1)) == b"\x01"
    assert pictures.read(("two", "pesto", 0)) == b"\x02"
    assert pictures.page(("one", "pesto", 0)) == f"http://x/{blobs[0][:4]}"
    assert pictures.count([("one", "pesto", 0), ("one", "bread", 0), ("three", "pesto", 0)]) == 1


def test_a_picture_that_is_not_here_is_no_picture(store: Store) -> None:
    pictures = index_pictures(new_manifest([]), store)
    assert pictures.page(("one", "pesto", 0)) == ""
    with pytest.raises(StoreError, match="one"):
        pictures.read(("one", "pesto", 0))
