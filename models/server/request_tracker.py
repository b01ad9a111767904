"""Every request from its arrival to its end: let in or not, counted as it goes, one event when it is over."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from models.errors import EngineStopped, Overloaded, RequestRefused
from models.protocol import RequestOutput, EngineRequest, SamplingParams, StepOutput
from models.server.engine_client import EngineClient
from models.server.errors import ShuttingDown
from models.server.metrics import ServerMetrics
from models.server.request_state import RequestState
from models.server.usage_log import UsageEvent, RequestOutcome, UsageLog

OUTCOMES: dict[str, RequestOutcome] = {
    "stop": "finished",
    "length": "finished",
    "abort": "aborted",
    "error": "failed",
}


class RequestTracker:
    """All requests of one server; used from the event loop only."""

    def __init__(
        self, model: str, engine: EngineClient, metrics: ServerMetrics, spool: UsageLog, most: int
    ) -> None:
        self.model, self.engine, self.metrics = model, engine, metrics
        self._spool = spool
        self._most = most  # running and waiting together
        self._flights: dict[str, RequestState] = {}
        self._arriving: set[asyncio.Task[None]] = set()
        self._is_closing = False

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return not self._flights

    def open(
        self, request_id: str, prompt: list[int], sampling: SamplingParams, arrival_at: float
    ) -> RequestState:
        """Let a request in, or say why not."""
        if self._is_closing:
            raise ShuttingDown
        if len(self._flights) >= self._most:
            self.metrics.rejected("queue_full")
            raise Overloaded(
                f"{self._most} requests are running or waiting, no more fit. Try again in a second."
            )
        self.engine.add(EngineRequest(request_id, prompt, sampling))
        flight = self._flights[request_id] = RequestState(
            request_id, len(prompt), sampling.max_tokens, arrival_at
        )
        return flight

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """While the running task reads a request; it is cancelled should the server end meanwhile."""
        if self._is_closing:
            raise ShuttingDown
        task = asyncio.current_task()
        assert task
        self._arriving.add(task)
        try:
            yield
        finally:
            self._arriving.discard(task)

    def refuse(self, request_id: str, arrival_at: float, outcome: RequestOutcome = "refused") -> None:
        """Count a request that did not get in."""
        self._record(RequestState(request_id, 0, 0, arrival_at), outcome, None)

    def abort(self, flight: RequestState) -> None:
        """Nobody waits for it any more."""
        if flight.request_id in self._flights:
            self.engine.abort(flight.request_id)

    def abort_all(self) -> None:
        """The server is about to end: let nobody in, end what arrives or runs."""
        self._is_closing = True
        for task in self._arriving:
            task.cancel()
        for flight in list(self._flights.values()):
            self.abort(flight)

    def close(self) -> None:
        """Count what the engine did not end in time."""
        for flight in list(self._flights.values()):
            self._end(flight, "abort")
            flight.answers.put_nowait(ShuttingDown())
        self._spool.write()

    def on_step(self, step: StepOutput) -> None:
        """A step of the engine: count it and hand out what it gave."""
        self.metrics.step(step.stats)
        now = time.time()
        for progress in step.progress:
            if flight := self._flights.get(progress.request_id):
                self._advance(flight, progress, now)

    def on_not_added(self, request_id: str, message: str) -> None:
        """The engine judged a request differently from us."""
        if flight := self._flights.pop(request_id, None):
            self._record(flight, "refused", None)
            flight.answers.put_nowait(RequestRefused(message))

    def on_stopped(self) -> None:
        """The engine is gone, and with it all that ran."""
        self.metrics.standing(running=0, waiting=0)
        for flight in list(self._flights.values()):
            self._end(flight, "error")
            flight.answers.put_nowait(
                EngineStopped(
                    "The engine's process ended during this request. Restart the server; its stderr says why."
                )
            )

    def _advance(self, flight: RequestState, progress: RequestOutput, now: float) -> None:
        flight.latest = progress
        if progress.token_ids:
            self._count_tokens(flight, progress, now)
        if progress.finish_reason:
            self._end(flight, progress.finish_reason)
        flight.answers.put_nowait(progress)

    def _count_tokens(self, flight: RequestState, progress: RequestOutput, now: float) -> None:
        self.metrics.tokens(flight, len(progress.token_ids), now)
        flight.first_token_at = flight.first_token_at or now
        flight.last_token_at = now
        flight.completion_tokens += len(progress.token_ids)

    def _end(self, flight: RequestState, reason: str) -> None:
        del self._flights[flight.request_id]
        self.metrics.ended(flight, reason, time.time())
        self._record(flight, OUTCOMES[reason], reason)

    def _record(self, flight: RequestState, outcome: RequestOutcome, reason: str | None) -> None:
        self.metrics.tier.event(outcome)
        latest = flight.latest if flight.first_token_at is not None else None
        self._spool.add(
            UsageEvent(
                request_id=flight.request_id,
                model=self.model,
                arrival_at=datetime.fromtimestamp(flight.arrival_at, UTC),
                first_token_at=_instant(flight.first_token_at),
                last_token_at=_instant(flight.last_token_at),
                prompt_tokens=flight.prompt_tokens if latest else 0,
                cached_tokens=latest.cached_tokens if latest else 0,
                completion_tokens=flight.completion_tokens,
                draft_tokens=latest.draft_tokens if latest else 0,
                accepted_tokens=latest.accepted_tokens if latest else 0,
                outcome=outcome,
                finish_reason=reason,
                device=self.engine.ready.device,
            )
        )


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
