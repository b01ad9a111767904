"""A scripted server for each file of tests, well again before each test, and a client with a home of its own that speaks to it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.scripted_server import ScriptedServer, json_response, scripted_server
from support.simulator import FAST_RETRIES, KEY

from pipelines.settings import Settings
from pipelines.sources.http import SourceClient


@pytest.fixture(scope="module")
def running_server() -> Iterator[ScriptedServer]:
    """One server for a whole file, since starting it takes longer than asking it."""
    with scripted_server() as script:
        yield script


@pytest.fixture
def server(running_server: ScriptedServer) -> ScriptedServer:
    """It gives a good answer to everything and has heard nothing yet."""
    running_server.respond_with(json_response())
    running_server.received.clear()
    return running_server


@pytest.fixture
def settings(tmp_path: Path, server: ScriptedServer) -> Settings:
    """A fresh home with a key."""
    return Settings(home=tmp_path / "home", openrouter_url=server.url, openrouter_key=KEY)


@pytest.fixture
def client(settings: Settings) -> Iterator[SourceClient]:
    """A client with little patience."""
    with closing(SourceClient(settings, "run-1", FAST_RETRIES)) as client:
        yield client
