"""A stranger's picture that takes its decoder over is one bad picture."""

from types import SimpleNamespace
from typing import Any

import pytest

from foodcls.image.decode import BadPicture
from foodcls.serve.decoder import decode_apart

TOLD: list[Any] = [
    7, [], {}, {"reason": "blank"}, {"width": 1, "height": 1},
    {"width": 1, "height": 2, "data": b"abc"},
    {"width": 10**30, "height": 1, "data": b"abc"}, {"width": "1", "height": 1, "data": b"abc"},
]  # fmt: skip


@pytest.mark.parametrize("told", TOLD, ids=str)
def test_an_answer_of_another_kind_is_a_bad_picture(told: Any) -> None:
    pool: Any = SimpleNamespace(ask=lambda request: told)
    with pytest.raises(BadPicture):
        decode_apart(pool, b"", 100)
