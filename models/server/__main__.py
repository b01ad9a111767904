"""`python -m models.server`: one model over HTTP until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Sequence
from types import FrameType

import uvicorn

from models.checkpoint import read_chat_template, read_model_config, read_tokenizer
from models.config import EngineConfig, ModelConfig
from models.errors import BadConfig, TierError
from models.server.app import make_app
from models.server.chat import ChatTemplate
from models.server.engine_client import EngineClient
from models.server.metrics import ServerMetrics
from models.server.options import engine_config, make_parser
from models.server.request_parser import ServedModel
from models.server.request_tracker import RequestTracker
from models.server.usage_log import UsageLog

CLOSE_SECONDS = 5  # for clients to take what is left for them
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class InferenceServer(uvicorn.Server):
    """Uvicorn, which ends running requests on a signal instead of waiting for them."""

    def __init__(self, config: uvicorn.Config, desk: RequestTracker) -> None:
        super().__init__(config)
        self._desk = desk

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came while serving."""
        super().handle_exit(sig, frame)
        self._loop.call_soon_threadsafe(self._desk.abort_all)

    def end_soon(self, signum: int, frame: FrameType | None) -> None:
        """A signal came before serving, or it is one that uvicorn raises again after it."""
        self.should_exit = True


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; 1 where it cannot start, with one line that says why."""
    options = make_parser().parse_args(arguments)
    for each in SIGNALS:
        signal.signal(each, _interrupted)
    try:
        _serve(options)
    except (TierError, OSError) as problem:
        print(f"tokentide: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _serve(options: argparse.Namespace) -> None:
    config = engine_config(options)
    shape = read_model_config(config.model)
    tokenizer = read_tokenizer(config.model, shape)
    source = read_chat_template(config.model)
    template = ChatTemplate(source) if source else None
    name = options.served_model_name or config.model.resolve().name
    spool = UsageLog(options.home / "spool" / "requests")
    with _listen(options.host, options.port) as listening:
        engine = EngineClient(config)
        desk = RequestTracker(
            name,
            engine,
            _metrics(name, engine, shape, config),
            spool,
            config.max_sequences + options.max_waiting,
        )
        try:
            app = make_app(desk, ServedModel(name, engine.ready, tokenizer, template), spool)
            _run(
                InferenceServer(
                    uvicorn.Config(
                        app, log_level="warning", timeout_graceful_shutdown=CLOSE_SECONDS
                    ),
                    desk,
                ),
                listening,
                name,
            )
        finally:
            engine.close()
            desk.close()


def _run(server: InferenceServer, listening: socket.socket, name: str) -> None:
    for each in SIGNALS:
        signal.signal(each, server.end_soon)
    host, port = listening.getsockname()[:2]
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    print(f"{name} is served at http://{where}/v1", flush=True)
    server.run([listening])


def _metrics(name: str, engine: EngineClient, shape: ModelConfig, config: EngineConfig) -> ServerMetrics:
    sparse = [layer for layer in range(shape.num_hidden_layers) if layer not in shape.dense_layers]
    return ServerMetrics(name, engine.ready, sparse, config.speculation != "none")


def _interrupted(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except (OSError, OverflowError) as problem:
        listening.close()
        raise BadConfig(
            f"Cannot listen on {host}:{port} ({problem}). Choose another address with --host or --port."
        ) from problem
    return listening


if __name__ == "__main__":
    sys.exit(main())
