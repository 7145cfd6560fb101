"""The routes of a service, with their documents and errors, as a FastAPI application."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import prometheus_client
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, Field

from foodcls import __version__
from foodcls.errors import FoodclsError, ServerError
from foodcls.export.model import Model
from foodcls.export.predict import Prediction
from foodcls.image.decode import BadPicture
from foodcls.serve.bodies import CLOSING, FIELD, read_picture, skip_body
from foodcls.serve.service import Service, ServiceLimits

PAGE = Path(__file__).parent / "page"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
LATER = {"Retry-After": "1"}
REFUSALS = {
    400: "No picture in the request.",
    408: "It did not come in time.",
    413: "More bytes than are taken.",
    422: "A file that is no usable picture; `detail` begins with the reason.",
    503: "Too much is under way; ask again later.",
}


class Answer(BaseModel):
    """What a picture shows."""

    label: Annotated[str | None, Field(description="null: unsure, or none of the classes")]
    guess: Annotated[str, Field(description="the most probable class")]
    probability: Annotated[float, Field(description="of the guess, if it is one of the classes")]
    known: Annotated[float, Field(description="the probability that it is one of the classes")]
    unsure: Annotated[bool, Field(description="`probability` is below the model's threshold")]
    none: Annotated[bool, Field(description="none of these: `known` is below its threshold")]
    probabilities: Annotated[dict[str, float], Field(description="of each class")]


class Health(BaseModel):
    """That the service runs, and by which model."""

    status: str
    model: str
    digest: Annotated[str, Field(description="SHA-256 of the model's file")]


class Refusal(BaseModel):
    """Why there is no answer."""

    detail: str


def make_app(model: Model, name: str, limits: ServiceLimits) -> FastAPI:
    """An application that answers pictures by a model called `name`; it loads no other host.

    InputError when it cannot answer one of its own within the limits.
    """
    # of hostile forms its parser would print a line each, where nobody listens
    logging.getLogger("python_multipart").addHandler(logging.NullHandler())
    service = Service(model, limits)
    # here, for what fails when a server starts ends in its log alone
    try:
        service.warm_up()
    except BaseException:
        service.close()
        raise

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    # FastAPI's own pages of the routes load scripts from another host
    app = FastAPI(
        title=name, version=__version__, lifespan=run, docs_url=None, redoc_url=None,
        description="Names what is in a picture.",
    )  # fmt: skip
    _add_predict(app, service)
    _add_health(app, name, service)
    _add_page(app, service)
    return app


def _add_predict(app: FastAPI, service: Service) -> None:
    binary = {"type": "string", "format": "binary"}
    form = {"type": "object", "properties": {FIELD: binary}, "required": [FIELD]}
    content = {"image/*": {"schema": binary}, "multipart/form-data": {"schema": {**form}}}
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": Refusal, "description": what} for status, what in REFUSALS.items()
    }

    @app.post(
        "/predict", responses=refusals,
        openapi_extra={"requestBody": {"required": True, "content": content}},
    )  # fmt: skip
    async def predict(request: Request) -> Answer:
        """Name what is in one picture: JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP or TIFF."""
        with service.metrics.request():
            return _describe(await _answer(service, request), service.model.labels)


def _add_health(app: FastAPI, name: str, service: Service) -> None:
    @app.get("/health")
    async def health() -> Health:
        """Say that the service runs."""
        return Health(status="ok", model=name, digest=service.model.digest)

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Tell Prometheus what was counted."""
        text = prometheus_client.generate_latest(service.metrics.registry)
        return Response(text, media_type=prometheus_client.CONTENT_TYPE_LATEST)


def _add_page(app: FastAPI, service: Service) -> None:
    environment = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined
    )
    template = environment.get_template("serve.html")

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> HTMLResponse:
        told = {"api": app.openapi(), "model": service.model, "limits": service.limits}
        return HTMLResponse(template.render(told, url=str(request.base_url)), headers=HEADERS)

    @app.get("/serve.css", include_in_schema=False)
    async def style() -> FileResponse:
        return FileResponse(PAGE / "serve.css", media_type="text/css", headers=HEADERS)


async def _answer(service: Service, request: Request) -> Prediction:
    limits = service.limits
    try:
        # whoever would be turned away needs to send nothing
        service.check_place()
        with service.room() as hold:
            data = await read_picture(request, limits.bytes, limits.seconds, hold)
            with service.place():
                return await service.predict(data)
    except BadPicture as error:
        raise HTTPException(422, str(error)) from error
    except TimeoutError as error:
        raise HTTPException(503, f"no answer within {limits.seconds:g} s", LATER) from error
    except ServerError as error:
        await skip_body(request, limits.bytes, limits.seconds)
        raise HTTPException(503, str(error), LATER | CLOSING) from error
    # no decoder can be started
    except FoodclsError as error:
        raise HTTPException(503, str(error), LATER | CLOSING) from error


def _describe(prediction: Prediction, labels: tuple[str, ...]) -> Answer:
    return Answer(
        label=prediction.label or None,
        guess=prediction.guess,
        probability=prediction.probability or 0.0,
        known=prediction.known or 0.0,
        unsure=prediction.is_unsure,
        none=prediction.is_none,
        probabilities=dict(zip(labels, prediction.probabilities, strict=True)),
    )
