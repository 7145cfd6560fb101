"""The review page and its requests, as a FastAPI application."""

import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from foodcls.errors import FoodclsError
from foodcls.image.decode import BadPicture
from foodcls.review.api import (
    BadRequest,
    list_classes,
    list_pictures,
    take_again,
    take_back,
    take_boxes,
    take_decision,
    take_labels,
    tell_news,
)
from foodcls.review.doubts import Doubts, show_alike, show_doubts, show_sample
from foodcls.review.picture_map import PictureMap, show_map
from foodcls.review.session import Session
from foodcls.review.thumbs import Thumbs
from foodcls.serve.bodies import read_body
from foodcls.serve.guard import Gate, Guard

logger = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}  # a picture's id is its content
# by path, what takes a change
CHANGES = {"decide": take_decision, "labels": take_labels, "boxes": take_boxes,
           "undo": take_back, "again": take_again}  # fmt: skip
MAX_BODY = 50_000_000  # bytes; a decision about 100,000 pictures, and what was seen of each
SECONDS = 60.0  # without a part of it
JSON = "application/json"
Count = Annotated[int, Query(ge=1, le=500)]  # of pictures shown at once


def make_app(session: Session, thumbs: Thumbs, title: str, guard: Guard) -> FastAPI:
    """The page of a session, behind the guard's token."""
    doubts, picture_map = Doubts(session), PictureMap(session)
    # ranked anew, they are the same ones
    pictures = frozenset(session.gallery.items)
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.add_middleware(Gate, guard=guard, images="'self'")
    for kind, status in ((BadRequest, 400), (BadPicture, 404), (FoodclsError, 409)):
        app.add_exception_handler(kind, partial(_refuse, status))

    def send_picture(read: Callable[[str], bytes], name: str) -> Response:
        if name not in pictures:
            raise HTTPException(404, "no such picture")
        return Response(read(name), media_type="image/jpeg", headers=FOREVER)

    @app.get("/thumb/{name}")
    def thumb(name: str) -> Response:
        return send_picture(thumbs.small, name)

    @app.get("/picture/{name}")
    def picture(name: str) -> Response:
        return send_picture(thumbs.large, name)

    @app.get("/classes")
    def classes() -> Response:
        number = session.news(0).number
        ranks = session.files.likeness is not None
        return JSONResponse({"title": title, "classes": list_classes(session), "number": number,
                             "labels": session.labels, "ranks": ranks})  # fmt: skip

    @app.get("/pictures")
    def pictures_of(label: Annotated[str, Query(alias="class")]) -> Response:
        # one after another: of 80,000 the values would take 50 MB beside their text
        parts = b",".join(JSONResponse(one).body for one in list_pictures(session, label))
        return Response(b"[" + parts + b"]", media_type=JSON)

    @app.get("/news")
    def news(since: int = 0, page: str = "") -> Response:
        return JSONResponse(tell_news(session, since, page))

    @app.get("/doubts")
    def next_doubts(size: Count) -> Response:
        return JSONResponse(show_doubts(doubts, size))

    @app.get("/alike")
    def alike(id: str, size: Count) -> Response:
        return JSONResponse(show_alike(doubts, id, size))

    @app.get("/sample")
    def sample(size: Count) -> Response:
        return JSONResponse(show_sample(doubts, size))

    @app.get("/map")
    def whole_map(pictures: str = "") -> Response:
        return JSONResponse(show_map(picture_map, tells_pictures=bool(pictures)))

    @app.post("/{change}")
    async def take(request: Request, change: str) -> Response:
        if change not in CHANGES:
            raise HTTPException(404, "no such change")
        # a form of another page cannot send this type without asking first
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != JSON:
            raise BadRequest("send JSON")
        body = await read_body(request, MAX_BODY, SECONDS, is_patient=True)
        return await run_in_threadpool(
            lambda: JSONResponse(CHANGES[change](session, _read_object(body)))
        )

    app.mount("/", StaticFiles(directory=PAGE, html=True))
    return app


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("send JSON") from error
    if not isinstance(value, dict):
        raise BadRequest("send a JSON object")
    return value


async def _refuse(status: int, request: Request, error: Exception) -> Response:
    if status == 409:
        logger.warning("%s", error)
    return JSONResponse({"detail": str(error)}, status)
