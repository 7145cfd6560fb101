"""Reads what a request brings within bounds: any body, or a picture raw or as a form's file."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.types import Message

FIELD = "file"  # of a form, that holds the picture
OTHER_FIELDS = 8  # of a form, that are passed over
# the unread rest of a request must not be read for ever
CLOSING = {"Connection": "close"}
# times the bound: so much of a body that is too large is read and forgotten, as who still sends
# when the connection ends does not see the answer
LINGER = 4


async def read_picture(
    request: Request, most: int, seconds: float, hold: Callable[[int], None]
) -> bytes:
    """The picture file in a request's body, read as `read_body` does; 400 when there is none.

    A form, multipart/form-data, has it in its field `file`; any other body is the file itself.
    """
    body = await read_body(request, most, seconds, hold)
    if request.headers.get("Content-Type", "").lower().startswith("multipart/form-data"):
        body = await _file_of_form(request, body)
    if not body:
        raise HTTPException(400, f"send a picture file as the body, or in the form field {FIELD!r}")
    return body


async def read_body(
    request: Request,
    most: int,
    seconds: float,
    hold: Callable[[int], None] = lambda _: None,
    *,
    is_patient: bool = False,
) -> bytes:
    """A request's body; HTTPException 400, 408 or 413 when it does not come whole.

    At most `most` bytes are kept, and what comes is read for at most `seconds`; with `is_patient`
    for as long as never so many pass without a part. `hold` is told how many bytes each part has,
    before it is kept.
    """
    try:
        async with asyncio.timeout(seconds) as limit:

            def count(size: int) -> None:
                hold(size)
                if is_patient:
                    limit.reschedule(asyncio.get_running_loop().time() + seconds)

            return await _read(request, most, count)
    except TimeoutError as error:
        raise HTTPException(408, f"it did not come within {seconds:g} s", CLOSING) from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the connection broke before all was here") from error


async def skip_body(request: Request, most: int, seconds: float) -> None:
    """Read a body within the same bounds, and forget it: who still sends then sees the answer."""
    # who asks before sending needs to send nothing
    if "Expect" in request.headers:
        return
    size = 0
    # the last: it came whole already
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > LINGER * most:
                    return


async def _read(request: Request, most: int, hold: Callable[[int], None]) -> bytes:
    told = request.headers.get("Content-Length", "0")
    too_large = HTTPException(413, f"at most {most} bytes are taken", CLOSING)
    is_too_large = int(told) > most
    # who asks before sending needs to send nothing; who announces far more is not waited for
    if is_too_large and ("Expect" in request.headers or int(told) > LINGER * most):
        raise too_large
    body, size = bytearray(), 0
    async for part in request.stream():
        size += len(part)
        # in chunks more may come than a header said
        is_too_large |= size > most
        if size > LINGER * most:
            break
        if not is_too_large:
            hold(len(part))
            body += part
    if is_too_large:
        raise too_large
    return bytes(body)


async def _file_of_form(request: Request, body: bytes) -> bytes:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        again = Request(request.scope, receive)
        async with again.form(max_files=1, max_fields=OTHER_FIELDS) as form:
            file = form.get(FIELD)
            return await file.read() if isinstance(file, UploadFile) else b""
    # the parser is made for friends: on hostile bytes it raises more than it names
    except Exception as error:
        raise HTTPException(400, f"no form with one picture in its field {FIELD!r}") from error
