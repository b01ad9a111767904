"""The server's side of the engine's process: sends commands without blocking, hands answers to a listener."""

import asyncio
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

from models.config import EngineConfig
from models.errors import BadConfig, EngineStopped
from models.protocol import EngineInfo, EngineRequest, StepOutput
from models.server.engine_process import AbortRequest, AddRequest, Command, RequestNotAdded, EngineStartFailed, StopEngine, run_engine

STOP_SECONDS = 10  # a step may be under way; after that the process is killed


class EngineCallbacks(Protocol):
    """Who is told what the engine says."""

    def on_step(self, step: StepOutput) -> None:
        """A step is done."""

    def on_not_added(self, request_id: str, message: str) -> None:
        """The engine refused a request."""

    def on_stopped(self) -> None:
        """The engine's process ended; nothing more comes."""


class EngineClient:
    """Starts the engine's process and speaks with it."""

    ready: EngineInfo

    def __init__(self, config: EngineConfig) -> None:
        context = get_context("spawn")
        theirs, self._commands = context.Pipe(duplex=False)
        self._answers, their_answers = context.Pipe(duplex=False)
        self._process = context.Process(
            target=run_engine, args=(config, theirs, their_answers), name="engine"
        )
        self._process.start()
        theirs.close()
        their_answers.close()
        # Sending blocks while a long step keeps the engine from reading, hence the thread.
        self._outbox: SimpleQueue[Command] = SimpleQueue()
        self._sender = Thread(target=_send_all, args=(self._outbox, self._commands), daemon=True)
        self._sender.start()
        self.is_alive = True
        self._is_closed = False
        try:
            self.ready = self._started()
        except BaseException:
            self.close()
            raise

    def listen(self, listener: EngineCallbacks) -> None:
        """From now on the listener is told, in the running event loop."""
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._answers.fileno(), self._read)

    def add(self, request: EngineRequest) -> None:
        """Queue a request; the listener hears of it."""
        if not self.is_alive:
            raise EngineStopped(
                "The engine's process has ended. Restart the server; its stderr says why it ended."
            )
        self._outbox.put(AddRequest(request))

    def abort(self, request_id: str) -> None:
        """End a request; the listener hears of its end as of any other."""
        self._outbox.put(AbortRequest(request_id))

    def stop_listening(self) -> None:
        """The listener is told nothing more."""
        if self.is_alive:
            self._loop.remove_reader(self._answers.fileno())

    def close(self) -> None:
        """End the process, by force if it does not end when asked. Once is enough, twice does no harm."""
        if self._is_closed:
            return
        self._is_closed = True
        self.is_alive = False
        self._outbox.put(StopEngine())
        self._process.join(0 if not hasattr(self, "ready") else STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._sender.join(STOP_SECONDS)
        self._answers.close()

    def _started(self) -> EngineInfo:
        wait([self._answers, self._process.sentinel])
        try:
            answer = self._answers.recv()
        except EOFError:
            self._process.join(STOP_SECONDS)
            raise EngineStopped(
                f"The engine's process ended while starting (exit code {self._process.exitcode}); see above for why."
            ) from None
        if isinstance(answer, EngineStartFailed):
            raise BadConfig(answer.message)
        assert isinstance(answer, EngineInfo)
        return answer

    def _read(self) -> None:
        try:
            while self._answers.poll():
                self._hand_on(self._answers.recv())
        except (EOFError, OSError):
            self._loop.remove_reader(self._answers.fileno())
            self.is_alive = False
            self._listener.on_stopped()

    def _hand_on(self, answer: StepOutput | RequestNotAdded) -> None:
        if isinstance(answer, RequestNotAdded):
            self._listener.on_not_added(answer.request_id, answer.message)
        else:
            self._listener.on_step(answer)


def _send_all(outbox: "SimpleQueue[Command]", commands: Connection) -> None:
    with commands:
        while True:
            command = outbox.get()
            try:
                commands.send(command)
            except OSError:  # the process is gone; whoever reads its answers notices
                return
            if isinstance(command, StopEngine):
                return
