"""Tracking of every request from arrival to end: admission, counters, and one event at the end."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Protocol

from models.errors import EngineStopped, Overloaded, RequestRefused
from models.protocol import EngineInfo, EngineRequest, RequestOutput, SamplingParams, StepOutput
from models.server.access.callers import UNKNOWN_SENDER, RequestSender
from models.server.metrics.server_metrics import ServerMetrics
from models.server.openai.errors import ShuttingDown
from models.server.request_state import RequestState
from models.server.usage_log import RequestOutcome, UsageEvent, UsageLog

OUTCOMES: dict[str, RequestOutcome] = {
    "stop": "finished",
    "length": "finished",
    "abort": "aborted",
    "error": "failed",
}


class EngineHandle(Protocol):
    """The tracker's view of the engine."""

    info: EngineInfo

    def add(self, request: EngineRequest) -> None:
        """Queue a request."""

    def abort(self, request_id: str) -> None:
        """End a request."""


class RequestTracker:
    """All requests of one server. Use it from the event loop only."""

    def __init__(
        self,
        model: str,
        engine: EngineHandle,
        metrics: ServerMetrics,
        usage_log: UsageLog,
        max_requests: int,
    ) -> None:
        self.model, self.engine, self.metrics = model, engine, metrics
        self._usage_log = usage_log
        self._max_requests = max_requests  # running and waiting together
        self._states: dict[str, RequestState] = {}
        self._arriving: set[asyncio.Task[None]] = set()
        self._is_closing = False

    @property
    def is_idle(self) -> bool:
        """True if no request is waiting or running."""
        return not self._states

    def admit(
        self,
        request_id: str,
        prompt: list[int],
        sampling: SamplingParams,
        arrival_at: float,
        sender: RequestSender = UNKNOWN_SENDER,
    ) -> RequestState:
        """Admit a request to the engine, or raise the reason for rejecting it."""
        if self._is_closing:
            raise ShuttingDown
        if len(self._states) >= self._max_requests:
            self.metrics.requests.count_rejection("queue_full")
            raise Overloaded(
                f"{self._max_requests} requests are running or waiting, which is the limit. "
                "Try again in a second."
            )
        self.engine.add(EngineRequest(request_id, prompt, sampling))
        state = RequestState(request_id, len(prompt), sampling.max_tokens, arrival_at, sender)
        self._states[request_id] = state
        return state

    @contextmanager
    def arrival(self) -> Iterator[None]:
        """Mark the current task as reading a request. It is cancelled if the server ends."""
        if self._is_closing:
            raise ShuttingDown
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("Requests are submitted by a task of the event loop.")
        self._arriving.add(task)
        try:
            yield
        finally:
            self._arriving.discard(task)

    def record_rejection(
        self,
        request_id: str,
        arrival_at: float,
        outcome: RequestOutcome = "refused",
        sender: RequestSender = UNKNOWN_SENDER,
    ) -> None:
        """Record a request that was not admitted."""
        self._record(RequestState(request_id, 0, 0, arrival_at, sender), outcome, None)

    def abort(self, state: RequestState) -> None:
        """Abort a request whose client is gone."""
        if state.request_id in self._states:
            self.engine.abort(state.request_id)

    def abort_all(self) -> None:
        """Admit no more requests, and end those that arrive, wait or run."""
        self._is_closing = True
        for task in self._arriving:
            task.cancel()
        for state in list(self._states.values()):
            self.abort(state)

    def close(self) -> None:
        """Record the requests that the engine did not end in time, and write the last segment."""
        for state in list(self._states.values()):
            self._end(state, "abort")
            state.outputs.put_nowait(ShuttingDown())
        self._usage_log.write()

    def on_step(self, step: StepOutput) -> None:
        """Count a step of the engine and hand out its outputs."""
        self.metrics.observe_step(step.stats)
        now = time.time()
        for output in step.outputs:
            if state := self._states.get(output.request_id):
                self._advance(state, output, now)

    def on_not_added(self, request_id: str, message: str) -> None:
        """Record a request that the engine refused, though the server had accepted it."""
        if state := self._states.pop(request_id, None):
            self._record(state, "refused", None)
            state.outputs.put_nowait(RequestRefused(message))

    def on_stopped(self) -> None:
        """Record the end of the engine, and with it of all requests."""
        self.metrics.set_queue(running=0, waiting=0)
        for state in list(self._states.values()):
            self._end(state, "error")
            state.outputs.put_nowait(
                EngineStopped(
                    "The engine process ended during this request. Restart the server; its stderr "
                    "has the reason."
                )
            )

    def _advance(self, state: RequestState, output: RequestOutput, now: float) -> None:
        state.last_output = output
        if output.token_ids:
            self._count_tokens(state, output, now)
        if output.finish_reason:
            self._end(state, output.finish_reason)
        state.outputs.put_nowait(output)

    def _count_tokens(self, state: RequestState, output: RequestOutput, now: float) -> None:
        self.metrics.requests.observe_tokens(state, len(output.token_ids), now)
        state.first_token_at = state.first_token_at or now
        state.last_token_at = now
        state.completion_tokens += len(output.token_ids)

    def _end(self, state: RequestState, reason: str) -> None:
        del self._states[state.request_id]
        self.metrics.requests.observe_end(state, reason, time.time())
        self._record(state, OUTCOMES[reason], reason)

    def _record(self, state: RequestState, outcome: RequestOutcome, reason: str | None) -> None:
        self.metrics.count_event(outcome)
        last = state.last_output if state.first_token_at is not None else None
        self._usage_log.add(
            UsageEvent(
                request_id=state.request_id,
                model=self.model,
                arrival_at=datetime.fromtimestamp(state.arrival_at, UTC),
                first_token_at=_instant(state.first_token_at),
                last_token_at=_instant(state.last_token_at),
                prompt_tokens=state.prompt_tokens if last else 0,
                cached_tokens=last.cached_tokens if last else 0,
                completion_tokens=state.completion_tokens,
                draft_tokens=last.draft_tokens if last else 0,
                accepted_tokens=last.accepted_tokens if last else 0,
                outcome=outcome,
                finish_reason=reason,
                device=self.engine.info.device,
                **asdict(state.sender),
            )
        )


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
