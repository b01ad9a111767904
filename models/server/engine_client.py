"""Client of the engine's process: sends commands without blocking, passes messages to callbacks."""

import asyncio
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

from models.config import EngineConfig
from models.errors import BadConfig, EngineStopped
from models.protocol import EngineInfo, EngineRequest, StepOutput
from models.server.engine_process import (
    AbortRequest,
    AddRequest,
    Command,
    EngineStartFailed,
    RequestNotAdded,
    StopEngine,
    run_engine,
)

STOP_SECONDS = 10  # a step may be running; after that the process is killed


class EngineCallbacks(Protocol):
    """Receiver of the engine's messages."""

    def on_step(self, step: StepOutput) -> None:
        """Handle the output of a step."""

    def on_not_added(self, request_id: str, message: str) -> None:
        """Handle a request that the engine refused."""

    def on_stopped(self) -> None:
        """Handle the end of the engine's process. No message follows."""


class EngineClient:
    """Owner of the engine's process."""

    info: EngineInfo

    def __init__(self, config: EngineConfig) -> None:
        context = get_context("spawn")
        their_commands, self._commands = context.Pipe(duplex=False)
        self._messages, their_messages = context.Pipe(duplex=False)
        self._process = context.Process(
            target=run_engine, args=(config, their_commands, their_messages), name="engine"
        )
        self._process.start()
        their_commands.close()
        their_messages.close()
        # Sending blocks while a long step keeps the engine from reading, hence the thread.
        self._outbox: SimpleQueue[Command] = SimpleQueue()
        self._sender = Thread(target=_send_all, args=(self._outbox, self._commands), daemon=True)
        self._sender.start()
        self.is_alive = True
        self._is_closed = False
        try:
            self.info = self._await_start()
        except BaseException:
            self.close()
            raise

    def start_listening(self, callbacks: EngineCallbacks) -> None:
        """Pass messages to the callbacks, in the running event loop."""
        self._callbacks = callbacks
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._messages.fileno(), self._read)

    def stop_listening(self) -> None:
        """Pass no more messages."""
        if self.is_alive:
            self._loop.remove_reader(self._messages.fileno())

    def add(self, request: EngineRequest) -> None:
        """Queue a request. Its outputs go to the callbacks."""
        if not self.is_alive:
            raise EngineStopped(
                "The engine process has ended. Restart the server; its stderr has the reason."
            )
        self._outbox.put(AddRequest(request))

    def abort(self, request_id: str) -> None:
        """End a request. Its last output goes to the callbacks like any other."""
        self._outbox.put(AbortRequest(request_id))

    def close(self) -> None:
        """End the process, by force if it does not end on request. A second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self.is_alive = False
        self._outbox.put(StopEngine())
        has_started = hasattr(self, "info")
        self._process.join(STOP_SECONDS if has_started else 0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._sender.join(STOP_SECONDS)
        self._messages.close()

    def _await_start(self) -> EngineInfo:
        wait([self._messages, self._process.sentinel])
        try:
            message = self._messages.recv()
        except EOFError:
            self._process.join(STOP_SECONDS)
            raise EngineStopped(
                f"The engine process ended at its start (exit code {self._process.exitcode}); "
                "the reason is printed above."
            ) from None
        if isinstance(message, EngineStartFailed):
            raise BadConfig(message.message)
        assert isinstance(message, EngineInfo)
        return message

    def _read(self) -> None:
        try:
            while self._messages.poll():
                self._dispatch(self._messages.recv())
        except (EOFError, OSError):
            self._loop.remove_reader(self._messages.fileno())
            self.is_alive = False
            self._callbacks.on_stopped()

    def _dispatch(self, message: StepOutput | RequestNotAdded) -> None:
        if isinstance(message, RequestNotAdded):
            self._callbacks.on_not_added(message.request_id, message.message)
        else:
            self._callbacks.on_step(message)


def _send_all(outbox: "SimpleQueue[Command]", commands: Connection) -> None:
    with commands:
        while True:
            command = outbox.get()
            try:
                commands.send(command)
            except OSError:  # the process is gone, which the reader of its messages notices
                return
            if isinstance(command, StopEngine):
                return
