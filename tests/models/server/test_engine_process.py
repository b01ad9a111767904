"""The loop of the engine's process, run in this one over real pipes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from support.inference.engine import counting_engine, greedy

from models.config import EngineConfig
from models.protocol import StepOutput
from models.server.engine_process import (
    AbortRequest,
    AddRequest,
    EngineStartFailed,
    RequestNotAdded,
    StopEngine,
    _serve,
    run_engine,
)


@contextmanager
def serving() -> Iterator[tuple[Connection, Connection]]:
    """Serve a counting engine in a thread. Yield the ends for commands and messages."""
    engine, _, _ = counting_engine()
    their_commands, commands = Pipe(duplex=False)
    messages, their_messages = Pipe(duplex=False)
    thread = threading.Thread(target=_serve, args=(engine, their_commands, their_messages))
    thread.start()
    try:
        yield commands, messages
    finally:
        commands.send(StopEngine())
        thread.join(10)
    assert not thread.is_alive()


def next_output(messages: Connection) -> Any:
    """Read messages until one has an output or a refusal."""
    while messages.poll(10):
        message = messages.recv()
        if isinstance(message, RequestNotAdded) or message.outputs:
            return message
    raise AssertionError("no message came")


def test_an_added_request_is_run() -> None:
    """Each of its steps is a message."""
    with serving() as (commands, messages):
        commands.send(AddRequest(greedy("one", [5], 2)))
        first, second = next_output(messages), next_output(messages)
    assert isinstance(first, StepOutput)
    assert [each.outputs[0].token_ids for each in (first, second)] == [[6], [7]]
    assert second.outputs[0].finish_reason == "length"


def test_a_refused_request_is_a_message() -> None:
    """The loop goes on."""
    with serving() as (commands, messages):
        commands.send(AddRequest(greedy("bad", [], 2)))
        refusal = next_output(messages)
        commands.send(AddRequest(greedy("good", [5], 1)))
        assert next_output(messages).outputs[0].request_id == "good"
    assert refusal.request_id == "bad"
    assert "empty" in refusal.message


def test_an_aborted_request_ends() -> None:
    """Even if it was added in the same moment."""
    with serving() as (commands, messages):
        commands.send(AddRequest(greedy("one", [5], 60)))
        commands.send(AbortRequest("one"))
        output = next_output(messages).outputs[-1]
        while output.finish_reason is None:
            output = next_output(messages).outputs[-1]
    assert output.finish_reason == "abort"


def test_an_idle_engine_sends_its_state() -> None:
    """Twice a second."""
    with serving() as (_, messages):
        assert messages.poll(10)
        step = messages.recv()
    assert (step.outputs, step.stats.batch_tokens) == ([], 0)


def test_a_failed_start_is_a_message() -> None:
    """It runs in another process, because it changes the handling of signals."""
    config = EngineConfig(model=Path("absent"))
    context = get_context("spawn")
    their_commands, commands = context.Pipe(duplex=False)
    messages, their_messages = context.Pipe(duplex=False)
    process = context.Process(target=run_engine, args=(config, their_commands, their_messages))
    process.start()
    assert messages.poll(60)
    message = messages.recv()
    process.join(10)
    commands.close()
    assert isinstance(message, EngineStartFailed)
    assert "absent is not a folder" in message.message
