"""The page with the camera and its requests, as a FastAPI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.staticfiles import StaticFiles

from foodcls.errors import FoodclsError
from foodcls.image.decode import BadPicture
from foodcls.photograph.photos import PhotoFolder
from foodcls.recipe.data_settings import MAX_PIXELS
from foodcls.serve.bodies import read_body
from foodcls.serve.decoder import decode_apart, stranger_pool
from foodcls.serve.guard import Gate, Guard

PAGE = Path(__file__).parent / "page"
MAX_BYTES = 30_000_000  # of a photo
SECONDS = 60.0  # without a part of it
# a file's time is believed if it is no later than now and no earlier than cameras
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


def make_app(photos: PhotoFolder, guard: Guard, title: str) -> FastAPI:
    """The page, behind the guard's token; photos go into the folder."""
    pool = stranger_pool(SECONDS)
    # one photo is decoded and written at a time: a phone sends one after the other
    turn = asyncio.Lock()

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        yield
        pool.end()

    app = FastAPI(lifespan=run, openapi_url=None, redirect_slashes=False)
    app.add_middleware(Gate, guard=guard, images="blob: data:")

    @app.get("/state")
    async def state() -> Any:
        return {"title": title, "counts": await run_in_threadpool(photos.count)}

    @app.post("/photo")
    async def take(request: Request, label: str, group: int, taken: int) -> Any:
        # a form of a foreign page cannot send this type without asking first
        if not request.headers.get("Content-Type", "").startswith("image/"):
            raise HTTPException(415, "send a photo")
        guard.count_photo()
        # over a slow network it takes its time
        data = await read_body(request, MAX_BYTES, SECONDS, is_patient=True)
        async with turn:
            try:
                pixels = await run_in_threadpool(decode_apart, pool, data, MAX_PIXELS)
                path = await run_in_threadpool(photos.save, pixels, label, group, _moment(taken))
            except (BadPicture, ValueError) as error:
                raise HTTPException(422, str(error)) from error
            # the disk is full
            except FoodclsError as error:
                raise HTTPException(507, str(error)) from error
        return {"saved": path.name}

    @app.post("/undo")
    async def undo(request: Request, name: str) -> Any:
        if request.headers.get("Content-Type") != "application/json":
            raise HTTPException(415, "send JSON")
        async with turn:
            path = await run_in_threadpool(photos.take_back, name)
        return {"removed": path and path.name}

    app.mount("/", StaticFiles(directory=PAGE, html=True))
    return app


def _moment(milliseconds: int) -> datetime:
    """When a photo was taken, by its file; now, where that cannot be."""
    now = datetime.now(UTC)
    try:
        found = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return now
    return found if EARLIEST <= found <= now + timedelta(minutes=5) else now
