"""Makes Prometheus series that carry vLLM's two labels, in a registry of their own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

ENGINE = "0"  # there is one engine a server


class MetricFactory:
    """The series of one server. `vary` names the labels that a family has beside `engine` and `model_name`."""

    labels = ("engine", "model_name")

    def __init__(self, model: str) -> None:
        self.registry = CollectorRegistry()
        self.values = (ENGINE, model)
        ProcessCollector(
            registry=self.registry
        )  # process_start_time_seconds tells a reset from a small value

    def gauge(self, name: str, text: str) -> Gauge:
        """A gauge that is there from the start."""
        return self.gauges(name, text).labels(*self.values)

    def gauges(self, name: str, text: str, *vary: str) -> Gauge:
        """A family of gauges; none is there until it is set."""
        return Gauge(name, text, (*self.labels, *vary), registry=self.registry)

    def counter(self, name: str, text: str) -> Counter:
        """A counter that is there from the start."""
        return self.counters(name, text).labels(*self.values)

    def counters(self, name: str, text: str, *vary: str) -> Counter:
        """A family of counters; none is there until it is counted."""
        return Counter(name, text, (*self.labels, *vary), registry=self.registry)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        """A histogram that is there from the start."""
        return Histogram(name, text, self.labels, buckets=buckets, registry=self.registry).labels(
            *self.values
        )

    def info(self, name: str, text: str, facts: dict[str, str]) -> None:
        """A gauge of 1 whose labels say what does not change."""
        self.gauges(name, text, *facts).labels(*self.values, *facts.values()).set(1)
