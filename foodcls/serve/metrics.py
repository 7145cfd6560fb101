"""Counts what a service does, in the form that Prometheus reads."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

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
