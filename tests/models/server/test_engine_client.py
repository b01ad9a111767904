"""The client of the engine's process: start, outputs, refusals, death, and a failed start."""

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import pytest
from support.inference.engine import greedy

from models.config import EngineConfig
from models.errors import BadConfig, EngineStopped
from models.protocol import RequestOutput, StepOutput
from models.server.engine_client import EngineClient

WAIT_SECONDS = 30


class Recorder:
    """Callbacks that record the engine's messages."""

    def __init__(self) -> None:
        self.outputs: list[RequestOutput] = []
        self.idle_steps = 0
        self.refused: list[tuple[str, str]] = []
        self.is_stopped = False

    def on_step(self, step: StepOutput) -> None:
        """Record outputs, and steps without any."""
        self.outputs += step.outputs
        self.idle_steps += not step.stats.batch_tokens

    def on_not_added(self, request_id: str, message: str) -> None:
        """Record a refusal."""
        self.refused.append((request_id, message))

    def on_stopped(self) -> None:
        """Record the end."""
        self.is_stopped = True

    def reasons(self) -> dict[str, str | None]:
        """Return the finish reason of each ended request."""
        ended = [each for each in self.outputs if each.finish_reason]
        return {each.request_id: each.finish_reason for each in ended}


@pytest.fixture(scope="module")
def config(checkpoint: Path) -> EngineConfig:
    """Configure a tiny model."""
    return EngineConfig(model=checkpoint, device="cpu")


@pytest.fixture(scope="module")
def client(config: EngineConfig) -> Iterator[EngineClient]:
    """Start one engine for the tests that leave it alive."""
    client = EngineClient(config)
    yield client
    client.close()


async def wait_until(recorder: Recorder, name: str) -> None:
    """Wait until something was recorded under this attribute."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not getattr(recorder, name):
            await asyncio.sleep(0.01)


async def wait_for_ends(recorder: Recorder, count: int) -> None:
    """Wait until this many requests have ended."""
    async with asyncio.timeout(WAIT_SECONDS):
        while len(recorder.reasons()) < count:
            await asyncio.sleep(0.01)


def test_outputs_go_to_the_callbacks(client: EngineClient) -> None:
    """Of several requests, each to its end."""
    recorder = Recorder()

    async def run() -> None:
        client.start_listening(recorder)
        client.add(greedy("one", [5, 6, 7], 4))
        client.add(greedy("two", [5], 2))
        await wait_for_ends(recorder, 2)
        client.stop_listening()

    asyncio.run(run())
    assert recorder.reasons() == {"one": "length", "two": "length"}
    tokens = [token for each in recorder.outputs for token in each.token_ids]
    assert len(tokens) == 6


def test_an_idle_engine_reports_its_state(client: EngineClient) -> None:
    """Without any request."""
    recorder = Recorder()

    async def run() -> None:
        client.start_listening(recorder)
        await wait_until(recorder, "idle_steps")
        client.stop_listening()

    asyncio.run(run())
    assert recorder.outputs == []


def test_a_refused_request_goes_to_its_callback(client: EngineClient) -> None:
    """With the engine's message."""
    recorder = Recorder()

    async def run() -> None:
        client.start_listening(recorder)
        client.add(greedy("bad", [], 4))
        await wait_until(recorder, "refused")
        client.stop_listening()

    asyncio.run(run())
    [(name, message)] = recorder.refused
    assert name == "bad"
    assert "empty" in message


def test_an_aborted_request_ends(client: EngineClient) -> None:
    """Its last output says so."""
    recorder = Recorder()

    async def run() -> None:
        client.start_listening(recorder)
        client.add(greedy("long", [5], 250))
        await wait_until(recorder, "outputs")
        client.abort("long")
        await wait_for_ends(recorder, 1)
        client.stop_listening()

    asyncio.run(run())
    assert recorder.reasons() == {"long": "abort"}


def test_a_client_knows_facts_about_its_engine(client: EngineClient) -> None:
    """The engine's first message has them."""
    assert (client.info.device, client.info.vocab_size) == ("cpu", 384)
    assert client.is_alive


def test_a_killed_engine_is_noticed(config: EngineConfig) -> None:
    """Later requests are refused with the next step; closing still works."""
    before = {each.pid for each in active_children()}
    recorder, client = Recorder(), EngineClient(config)
    [engine] = [each.pid for each in active_children() if each.pid not in before]

    async def run() -> None:
        client.start_listening(recorder)
        assert engine
        os.kill(engine, signal.SIGKILL)
        await wait_until(recorder, "is_stopped")

    asyncio.run(run())
    assert not client.is_alive
    with pytest.raises(EngineStopped, match="Restart the server"):
        client.add(greedy("late", [5], 1))
    client.close()
    client.close()


def test_an_engine_that_cannot_start_leaves_no_process(config: EngineConfig) -> None:
    """Its error is raised here."""
    before = active_children()
    with pytest.raises(BadConfig, match="divides 4"):
        EngineClient(replace(config, expert_ranks=3))
    assert active_children() == before
