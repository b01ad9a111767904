"""The tracker with a fake engine: admission, outputs, events and counters of each outcome."""

import asyncio
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.inference.engine import engine_info

from models.errors import EngineStopped, Overloaded, RequestRefused
from models.protocol import EngineRequest, RequestOutput, SamplingParams, StepOutput, StepStats
from models.server.access.callers import RequestSender
from models.server.metrics.server_metrics import ServerMetrics
from models.server.openai.errors import ShuttingDown
from models.server.request_state import RequestState
from models.server.request_tracker import RequestTracker
from models.server.usage_log import UsageLog

STATS = StepStats(seconds=0.1, running=1, waiting=0, cache_usage=0.5, batch_tokens=1)


class FakeEngine:
    """An engine that remembers commands."""

    def __init__(self) -> None:
        self.info = engine_info()
        self.added: list[EngineRequest] = []
        self.aborted: list[str] = []

    def add(self, request: EngineRequest) -> None:
        """Remember a request."""
        self.added.append(request)

    def abort(self, request_id: str) -> None:
        """Remember an abort."""
        self.aborted.append(request_id)


class TrackerBench:
    """A tracker with its engine and what it wrote."""

    def __init__(self, home: Path, max_requests: int) -> None:
        self.engine = FakeEngine()
        self.metrics = ServerMetrics("tiny", self.engine.info, [], max_draft_tokens=0)
        self._home, self._log = home, UsageLog(home)
        self.tracker = RequestTracker("tiny", self.engine, self.metrics, self._log, max_requests)

    def admit(self, name: str = "one") -> RequestState:
        """Admit a request of three prompt tokens."""
        return self.tracker.admit(name, [5, 6, 7], SamplingParams(9), arrival_at=100.0)

    def step(self, name: str = "one", tokens: int = 1, **output: Any) -> None:
        """Hand an output to the tracker."""
        outputs = [RequestOutput(name, [7] * tokens, [], **output)]
        self.tracker.on_step(StepOutput(outputs, STATS))

    def events(self) -> list[dict[str, Any]]:
        """Write and read the log."""
        self._log.write()
        tables = [pa.ipc.open_file(each).read_all() for each in sorted(self._home.glob("*.arrow"))]
        return [row for table in tables for row in table.to_pylist()]

    def sample(self, name: str, **labels: str) -> float:
        """Sum the samples of a metric."""
        families = text_string_to_metric_families(self.metrics.render().decode())
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@pytest.fixture
def bench(tmp_path: Path) -> TrackerBench:
    """Make a tracker that admits two requests."""
    return TrackerBench(tmp_path, max_requests=2)


def test_an_admitted_request_reaches_the_engine(bench: TrackerBench) -> None:
    """With its prompt and its parameters."""
    state = bench.admit()
    assert bench.engine.added == [EngineRequest("one", [5, 6, 7], SamplingParams(9))]
    assert (state.prompt_tokens, state.max_tokens) == (3, 9)
    assert not bench.tracker.is_idle


def test_a_finished_request_is_one_event(bench: TrackerBench) -> None:
    """Its tokens are those of its outputs, its sums those of the last one."""
    state = bench.admit()
    bench.step(tokens=2, cached_tokens=2, scheduled_at=100.5)
    bench.step(tokens=1, finish_reason="stop", cached_tokens=2, draft_tokens=4, accepted_tokens=1)
    [event] = bench.events()
    assert (event["request_id"], event["model"], event["device"]) == ("one", "tiny", "cpu")
    assert (event["outcome"], event["finish_reason"]) == ("finished", "stop")
    assert (event["prompt_tokens"], event["cached_tokens"], event["completion_tokens"]) == (3, 2, 3)
    assert (event["draft_tokens"], event["accepted_tokens"]) == (4, 1)
    assert event["arrival_at"] < event["first_token_at"] <= event["last_token_at"]
    assert state.outputs.qsize() == 2
    assert bench.tracker.is_idle


def test_counters_equal_the_event(bench: TrackerBench) -> None:
    """To the token."""
    bench.admit()
    bench.step(tokens=2, cached_tokens=2, finish_reason="length")
    [event] = bench.events()
    assert bench.sample("vllm:prompt_tokens_total") == event["prompt_tokens"]
    assert bench.sample("vllm:prompt_tokens_cached_total") == event["cached_tokens"]
    assert bench.sample("vllm:generation_tokens_total") == event["completion_tokens"]
    assert bench.sample("tokentide:requests_total", outcome="finished") == 1


def test_a_request_without_tokens_has_no_prompt_tokens(bench: TrackerBench) -> None:
    """Prompt tokens count with the first token."""
    bench.admit()
    bench.step(tokens=0, finish_reason="abort")
    [event] = bench.events()
    assert (event["outcome"], event["prompt_tokens"]) == ("aborted", 0)
    assert event["first_token_at"] is None
    assert bench.sample("vllm:prompt_tokens_total") == 0


def test_a_full_tracker_rejects(bench: TrackerBench) -> None:
    """The rejection is counted, the engine is not asked."""
    bench.admit("one")
    bench.admit("two")
    with pytest.raises(Overloaded, match="2 requests are running or waiting"):
        bench.admit("three")
    assert len(bench.engine.added) == 2
    assert bench.sample("vllm:admission_rejections_total", reason="queue_full") == 1


def test_an_end_makes_room(bench: TrackerBench) -> None:
    """The next request is admitted."""
    bench.admit("one")
    bench.admit("two")
    bench.step("one", finish_reason="length")
    bench.admit("three")


def test_rejected_requests_are_events_too(bench: TrackerBench) -> None:
    """By default as refused."""
    bench.tracker.record_rejection("bad", 100.0)
    bench.tracker.record_rejection("gone", 100.0, "aborted")
    outcomes = [(event["request_id"], event["outcome"]) for event in bench.events()]
    assert outcomes == [("bad", "refused"), ("gone", "aborted")]


def test_an_event_has_the_sender_of_its_request(bench: TrackerBench) -> None:
    """Of a rejected request too."""
    sender = RequestSender("caller-1", "team-1", "key-1")
    bench.tracker.admit("one", [5], SamplingParams(9), 100.0, sender)
    bench.step(finish_reason="stop")
    bench.tracker.record_rejection("bad", 100.0, sender=RequestSender(team="team-2"))
    senders = [(each["caller"], each["team"], each["key_alias"]) for each in bench.events()]
    assert senders == [("caller-1", "team-1", "key-1"), (None, "team-2", None)]


def test_aborts_reach_the_engine_once_a_request_runs(bench: TrackerBench) -> None:
    """Chunks of ended requests do not."""
    state = bench.admit()
    bench.tracker.abort(state)
    bench.step(finish_reason="abort")
    bench.tracker.abort(state)
    assert bench.engine.aborted == ["one"]


def test_a_request_that_the_engine_refuses_is_refused(bench: TrackerBench) -> None:
    """Its client gets the engine's message."""
    state = bench.admit()
    bench.tracker.on_not_added("one", "too long")
    error = state.outputs.get_nowait()
    assert isinstance(error, RequestRefused)
    assert str(error) == "too long"
    assert [event["outcome"] for event in bench.events()] == ["refused"]


def test_a_stopped_engine_fails_all_requests(bench: TrackerBench) -> None:
    """Their clients get an error, and the queue is empty."""
    states = [bench.admit("one"), bench.admit("two")]
    bench.step("one")
    bench.tracker.on_stopped()
    states[0].outputs.get_nowait()
    assert all(isinstance(each.outputs.get_nowait(), EngineStopped) for each in states)
    assert [event["outcome"] for event in bench.events()] == ["failed", "failed"]
    assert bench.sample("vllm:num_requests_running") == 0
    assert bench.sample("vllm:request_success_total", finished_reason="error") == 2


def test_a_closing_server_admits_nobody(bench: TrackerBench) -> None:
    """Running requests are aborted."""
    bench.admit("one")
    bench.tracker.abort_all()
    assert bench.engine.aborted == ["one"]
    with pytest.raises(ShuttingDown):
        bench.admit("two")


def test_closing_records_what_the_engine_did_not_end(bench: TrackerBench) -> None:
    """Nothing is lost."""
    state = bench.admit()
    bench.tracker.close()
    assert isinstance(state.outputs.get_nowait(), ShuttingDown)
    assert [event["outcome"] for event in bench.events()] == ["aborted"]


def test_outputs_of_unknown_requests_are_ignored(bench: TrackerBench) -> None:
    """The engine may still send some after the end of a request."""
    bench.step("nobody")
    assert bench.events() == []


def test_arriving_requests_are_cancelled_when_the_server_ends(bench: TrackerBench) -> None:
    """Their bodies may never be complete."""

    async def arrive() -> str:
        try:
            with bench.tracker.arrival():
                await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "cancelled"
        return "arrived"

    async def run() -> str:
        task = asyncio.create_task(arrive())
        await asyncio.sleep(0)
        bench.tracker.abort_all()
        with pytest.raises(ShuttingDown), bench.tracker.arrival():
            pass
        return await task

    assert asyncio.run(run()) == "cancelled"
