"""A scripted server for each test file, reset before each test, and a client of it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.scripted_server import ScriptedServer, json_response, scripted_server
from support.simulator import FAST_RETRIES, KEY

from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient


@pytest.fixture(scope="module")
def running_server() -> Iterator[ScriptedServer]:
    """Share one server in a file, since a start takes longer than a request."""
    with scripted_server() as server:
        yield server


@pytest.fixture
def server(running_server: ScriptedServer) -> ScriptedServer:
    """Return the server with good responses and an empty log."""
    running_server.respond_with(json_response())
    running_server.received.clear()
    return running_server


@pytest.fixture
def settings(tmp_path: Path, server: ScriptedServer) -> Settings:
    """Return settings of a fresh home with a key."""
    return Settings(home=tmp_path / "home", openrouter_url=server.url, openrouter_key=KEY)


@pytest.fixture
def client(settings: Settings) -> Iterator[SourceClient]:
    """Yield a client with short retries and a fresh home."""
    with closing(SourceClient(settings, "run-1", FAST_RETRIES)) as client:
        yield client
