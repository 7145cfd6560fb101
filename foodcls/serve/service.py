"""Turns a picture's bytes into a prediction, together with those that wait beside it."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from fastapi import HTTPException
from PIL import Image
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from foodcls.errors import InputError, ServerError
from foodcls.export.model import Model
from foodcls.export.predict import Prediction, make_prediction, probabilities_of
from foodcls.image.decode import BadPicture, png_bytes
from foodcls.network.resize import Pixels, squash_pixels
from foodcls.recipe.data_settings import MAX_PIXELS
from foodcls.serve.batcher import Batcher
from foodcls.serve.decoder import decode_apart, stranger_pool

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class ServiceMetrics:
    """The counters of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "foodcls_requests", "Requests for a prediction.", ["status"], registry=self.registry
        )
        self.predictions = Counter(
            "foodcls_predictions",
            "Predictions by class; by 'unsure' and 'none of these' too.",
            ["answer"],
            registry=self.registry,
        )
        self.under_way = Gauge(
            "foodcls_requests_under_way", "Came whole, not yet answered.", registry=self.registry
        )
        self.seconds = self._histogram("request_seconds", "From a request to its answer.", SECONDS)
        self.decoding = self._histogram(
            "decode_seconds", "Of one picture, with waiting for a decoder.", SECONDS
        )
        self.network = self._histogram("network_seconds", "Of one batch.", SECONDS)
        self.batch = self._histogram("batch_pictures", "That went through at once.", SIZES)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count and time the request that the block answers, and the status it ends with."""
        status, begun = 500, time.perf_counter()
        try:
            yield
            status = 200
        except HTTPException as error:
            status = error.status_code
            raise
        finally:
            self.requests.labels(str(status)).inc()
            self.seconds.observe(time.perf_counter() - begun)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"foodcls_{name}", what, buckets=buckets, registry=self.registry)


@dataclass(frozen=True)
class ServiceLimits:
    """What a service takes upon itself."""

    # pictures that go through the network at once: more took no less time each, of small networks
    # more as they leave the cache, and wait longer
    batch: int = 4
    queue: int = 64  # pictures that came whole and are not yet answered; more are turned away
    bytes: int = 20_000_000  # of one request
    seconds: float = 30.0  # for a request to come, and again to be answered


class Service:
    """Decodes in the sandbox, and predicts in batches; answers are those of `predict`."""

    def __init__(self, model: Model, limits: ServiceLimits) -> None:
        self.model = model
        self.limits = limits
        self.metrics = ServiceMetrics()
        self._under_way = 0
        self._held = 0  # bytes of all pictures, whole or still coming
        self._cores = os.cpu_count() or 1
        # a core a batch: threads that share one wait for each other
        self._batcher = Batcher(self._predict_batch, limits.batch, self._cores)
        # half of the time, so that a picture that takes for ever is told from a queue that does
        self._pool = stranger_pool(limits.seconds / 2)
        # each resizes on its own core
        self._threads = ThreadPoolExecutor(self._cores, "decoder", torch.set_num_threads, (1,))

    @contextmanager
    def room(self) -> Iterator[Callable[[int], None]]:
        """Give what counts the bytes of a picture as they come, and forgets them after the block.

        It raises ServerError where they are more than those of a full queue of the largest
        pictures: clients that send slowly take no place in the queue, only what they have sent.
        """
        held = 0

        def hold(count: int) -> None:
            nonlocal held
            if self._held + count > self.limits.queue * self.limits.bytes:
                raise ServerError(f"{self._held} bytes are under way; ask again in a second")
            self._held += count
            held += count

        try:
            yield hold
        finally:
            self._held -= held

    def check_place(self) -> None:
        """ServerError when there is no place in the queue."""
        if self._under_way >= self.limits.queue:
            raise ServerError(f"{self._under_way} requests are under way; ask again in a second")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place in the queue for the block; ServerError when there is none."""
        gauge = self.metrics.under_way
        self.check_place()
        self._under_way += 1
        gauge.set(self._under_way)
        try:
            yield
        finally:
            self._under_way -= 1
            gauge.set(self._under_way)

    async def predict(self, data: bytes) -> Prediction:
        """The prediction for a picture file.

        BadPicture when it is none, TimeoutError when the service is too busy to say.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self.limits.seconds):
            with self.metrics.decoding.time():
                square = await loop.run_in_executor(self._threads, self._square, data)
            prediction = await self._batcher.ask(square)
        unnamed = "none of these" if prediction.is_none else "unsure"
        self.metrics.predictions.labels(prediction.label or unnamed).inc()
        return prediction

    def warm_up(self) -> None:
        """Start a decoder, and let torch see what it is going to compute.

        InputError when the limits leave no time for a picture.
        """
        try:
            square = self._square(png_bytes(Image.linear_gradient("L").convert("RGB")))
        except BadPicture as error:
            raise InputError(
                f"--seconds {self.limits.seconds:g}: a small picture is not decoded in half of it "
                f"on this machine ({error}); give more"
            ) from error
        for count in (1, 1, self.limits.batch):
            probabilities_of(self.model, np.stack([square] * count))

    def close(self) -> None:
        """End the threads and the decoders."""
        self._batcher.close()
        self._threads.shutdown()
        self._pool.end()

    def _square(self, data: bytes) -> Pixels:
        return squash_pixels(decode_apart(self._pool, data, MAX_PIXELS), self.model.size)

    def _predict_batch(self, squares: Sequence[Pixels]) -> list[Prediction]:
        self.metrics.batch.observe(len(squares))
        # of this thread alone: a batch that is alone takes all cores
        torch.set_num_threads(max(self._cores // self._batcher.under_way, 1))
        with self.metrics.network.time():
            pairs = zip(*probabilities_of(self.model, np.stack(squares)), strict=True)
            return [make_prediction(self.model, *pair) for pair in pairs]
