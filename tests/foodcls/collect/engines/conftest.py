"""A server of an engine that limits the rate at which it is asked."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(
    params=[
        ("0", "429 Too Many Requests", "", 2),
        ("3600", "429 Too Many Requests", "HTTP 429, Retry-After 3600 s (page 1)", 1),
        ("", "429 Too Many Requests", "HTTP 429 (page 1)", 3),
        ("", "503 Service Unavailable", "HTTP 503 (page 1)", 3),
    ],
    ids=["429 once", "429 for an hour", "429", "503"],
)
def limit_rate(request: pytest.FixtureRequest, web: Any) -> Callable[[str], tuple[str, int]]:
    """Refuse a path's first request, or all; why a search ends, if by that, after how many."""
    wait, status, reason, asked = request.param

    def limit(path: str) -> tuple[str, int]:
        answer = web._routes[path]

        async def limited(talk: Any) -> None:
            if talk.number > 1 and not reason:
                await answer(talk)
            else:
                await talk.reply(b"slow down", status, **({"Retry_After": wait} if wait else {}))

        web.route(path, limited)
        return reason, asked

    return limit
