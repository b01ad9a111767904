"""`python -m models.server`: serve one model over HTTP until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from models.checkpoint import read_chat_template, read_model_config, read_tokenizer
from models.errors import BadConfig, TierError
from models.server.access.callers import Pseudonyms
from models.server.access.connections import BoundedConnection
from models.server.access.guard import RequestGuard, check_key
from models.server.app import make_app
from models.server.engine_client import EngineClient
from models.server.metrics.server_metrics import ServerMetrics
from models.server.openai.chat import ChatTemplate
from models.server.openai.request_parser import ServedModel
from models.server.options import KEY_VARIABLE, PROG, engine_config, make_parser
from models.server.request_tracker import RequestTracker
from models.server.usage_log import UsageLog

CLOSE_SECONDS = 5  # for clients to read their last bytes
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class InferenceServer(uvicorn.Server):
    """Uvicorn server that ends running requests on a signal instead of waiting for them."""

    def __init__(self, config: uvicorn.Config, tracker: RequestTracker) -> None:
        super().__init__(config)
        self._tracker = tracker

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal while serving."""
        super().handle_exit(sig, frame)
        self._loop.call_soon_threadsafe(self._tracker.abort_all)

    def end_soon(self, signum: int, frame: FrameType | None) -> None:
        """Handle a signal before serving, or one that uvicorn raises again after it."""
        self.should_exit = True


def main(arguments: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Serve. Return 1 with one line of explanation if the server cannot start."""
    options = make_parser(prog).parse_args(arguments)
    for each in SIGNALS:
        signal.signal(each, _interrupt)
    try:
        _serve(options)
    except (TierError, OSError) as error:
        print(f"tokentide: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _make_home(home: Path) -> None:
    """Make the home, which only its owner can read, if it is not there."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadConfig(
            f"{home} cannot be made ({error.strerror}). Name a writable folder with --home."
        ) from error


def _serve(options: argparse.Namespace) -> None:
    key = check_key(_find_key(options))
    config = engine_config(options)
    model_config = read_model_config(config.model)
    tokenizer = read_tokenizer(config.model, model_config)
    source = read_chat_template(config.model)
    template = ChatTemplate(source) if source else None
    name = options.served_model_name or config.model.resolve().name
    _make_home(options.home)
    usage_log = UsageLog(options.home / "spool" / "requests")
    pseudonyms = Pseudonyms.of_home(options.home, options.names)
    max_requests = config.max_sequences + options.max_waiting
    with _listen(options.host, options.port) as listener:
        engine = EngineClient(config)
        layers, max_drafted = model_config.sparse_layers, config.max_draft_tokens
        metrics = ServerMetrics(name, engine.info, layers, max_drafted)
        tracker = RequestTracker(name, engine, metrics, usage_log, max_requests)
        try:
            model = ServedModel(name, engine.info, tokenizer, template)
            app = make_app(tracker, engine, model, usage_log, pseudonyms)
            uvicorn_config = uvicorn.Config(
                RequestGuard(app, key, options.host),
                http=BoundedConnection,
                log_level="warning",
                timeout_graceful_shutdown=CLOSE_SECONDS,
            )
            _run(InferenceServer(uvicorn_config, tracker), listener, name)
        finally:
            engine.close()
            tracker.close()


def _find_key(options: argparse.Namespace) -> str | None:
    """Return the key of the option, else of the environment; an empty variable is none."""
    given: str | None = options.api_key
    return os.environ.get(KEY_VARIABLE, "").strip() or None if given is None else given


def _run(server: InferenceServer, listener: socket.socket, name: str) -> None:
    for each in SIGNALS:
        signal.signal(each, server.end_soon)
    host, port = listener.getsockname()[:2]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    print(f"{name} is served at http://{address}/v1", flush=True)
    server.run([listener])


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        raise BadConfig(
            f"Cannot listen on {host}:{port} ({error}). "
            "Choose another address with --host or --port."
        ) from error
    return listener


if __name__ == "__main__":
    sys.exit(main())
