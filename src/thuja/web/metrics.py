"""What Prometheus reads: requests, their times, the queue, the model's passes."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The numbers of one application, in a registry of its own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter("thuja_requests", "Requests answered.", ("method", "path", "status"), registry=registry)
        self.seconds = Histogram(
            "thuja_request_seconds", "From a request's first line to its answer.", ("path",), buckets=_SECONDS,
            registry=registry,
        )  # fmt: skip
        self.open = Gauge("thuja_requests_open", "Requests that are being answered.", registry=registry)
        self.waiting = Gauge("thuja_queue_items", "Pictures, texts and questions that wait.", registry=registry)
        self.admitted = Gauge("thuja_pictures_admitted", "Pictures that wait or are worked on.", registry=registry)
        self.refused = Counter("thuja_queue_full", "Requests refused because the queue was full.", registry=registry)
        self.batch = Histogram("thuja_batch_items", "Items in one pass.", ("work",), buckets=_SIZES, registry=registry)
        self.model_seconds = Histogram(
            "thuja_model_seconds", "Seconds of one pass.", ("work",), buckets=_SECONDS, registry=registry
        )

    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return all(sample.value == 0 for gauge in self.open.collect() for sample in gauge.samples)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)
