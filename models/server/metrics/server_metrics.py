"""All series of /metrics.

vLLM's names, labels and buckets are used where vLLM has them, so that its dashboards fit. Left out,
because nothing here measures them: bytes read and written per device, multi-modal caches,
adapters.
"""

from prometheus_client import generate_latest

from models.protocol import EngineInfo, StepStats
from models.server.metrics.factory import MetricFactory
from models.server.metrics.requests import RequestSeries
from models.server.metrics.steps import StepSeries
from models.server.metrics.tier import TierMetrics


class ServerMetrics:
    """All series of one server."""

    def __init__(
        self, model: str, info: EngineInfo, sparse_layers: list[int], max_draft_tokens: int
    ) -> None:
        self._factory = MetricFactory(model)
        self.requests = RequestSeries(self._factory, info.context_tokens)
        self._steps = StepSeries(self._factory, info, max_draft_tokens)
        self._tier = TierMetrics(self._factory, info, sparse_layers)

    def render(self) -> bytes:
        """Render all series in Prometheus' text format."""
        return generate_latest(self._factory.registry)

    def observe_step(self, stats: StepStats) -> None:
        """Observe a step of the engine."""
        self._steps.observe(stats)
        self._tier.observe_step(stats)

    def set_queue(self, running: int, waiting: int) -> None:
        """Set the number of running and waiting requests."""
        self._steps.set_queue(running, waiting)

    def count_event(self, outcome: str) -> None:
        """Count an event of the log of requests."""
        self._tier.count_event(outcome)
