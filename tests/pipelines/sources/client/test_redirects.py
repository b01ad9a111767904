"""Redirects: followed for hosts of files alone, a few times, never to plain HTTP."""

from contextlib import closing
from pathlib import Path

import pytest
from starlette.responses import RedirectResponse
from support.scripted_server import ScriptedServer
from support.simulator import FAST_RETRIES, KEY

from pipelines.errors import SourceRefused
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.client.redirects import MAX_REDIRECTS
from pipelines.sources.client.upstream import arena, openrouter
from pipelines.sources.openrouter import catalogue


def test_the_key_follows_no_redirect(server: ScriptedServer, tmp_path: Path) -> None:
    """It belongs to one host."""
    settings = Settings(home=tmp_path / "h", openrouter_key=KEY, openrouter_url=server.url)
    server.respond_with(lambda request: RedirectResponse("/elsewhere"))
    with (
        closing(SourceClient(settings, "run-1", FAST_RETRIES, openrouter(settings))) as client,
        pytest.raises(SourceRefused, match="307"),
    ):
        client.ask(catalogue.SOURCE, "/models")
    assert len(server.received) == 1


def test_a_circle_ends(server: ScriptedServer, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "h", arena_url=server.url)
    server.respond_with(lambda request: RedirectResponse("/elsewhere"))
    with (
        closing(SourceClient(settings, "run-1", FAST_RETRIES, arena(settings))) as client,
        pytest.raises(SourceRefused, match="307"),
    ):
        client.ask(catalogue.SOURCE, "/models")
    assert len(server.received) == 1 + MAX_REDIRECTS
