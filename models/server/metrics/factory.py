"""Creation of Prometheus series that carry vLLM's two labels, in a registry of one server."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

ENGINE = "0"  # a server has one engine


class MetricFactory:
    """Factory and registry of one server's series.

    `extra` names the labels that a family has beside `engine` and `model_name`. A family without
    extra labels is present from the start; others appear once they are set.
    """

    labels = ("engine", "model_name")

    def __init__(self, model: str) -> None:
        self.model = model
        self.registry = CollectorRegistry()
        self.values = (ENGINE, model)
        # process_start_time_seconds distinguishes a reset from a small value.
        ProcessCollector(registry=self.registry)

    def gauge(self, name: str, text: str) -> Gauge:
        """Make a gauge without extra labels."""
        return self.gauges(name, text).labels(*self.values)

    def gauges(self, name: str, text: str, *extra: str) -> Gauge:
        """Make a family of gauges."""
        return Gauge(name, text, (*self.labels, *extra), registry=self.registry)

    def counter(self, name: str, text: str) -> Counter:
        """Make a counter without extra labels."""
        return self.counters(name, text).labels(*self.values)

    def counters(self, name: str, text: str, *extra: str) -> Counter:
        """Make a family of counters."""
        return Counter(name, text, (*self.labels, *extra), registry=self.registry)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        """Make a histogram without extra labels."""
        family = Histogram(name, text, self.labels, buckets=buckets, registry=self.registry)
        return family.labels(*self.values)

    def info(self, name: str, text: str, facts: dict[str, str]) -> None:
        """Make a gauge of 1 whose labels state constant facts."""
        self.gauges(name, text, *facts).labels(*self.values, *facts.values()).set(1)
