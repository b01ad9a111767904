"""Upstreams: each with its address and setting; the key belongs to OpenRouter alone."""

from pathlib import Path

import pytest
from support.scripted_server import ScriptedServer
from support.simulator import FAST_RETRIES, KEY

from pipelines.errors import SourceUnreachable
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.client.upstream import openrouter, price_archive
from pipelines.sources.prices import openrouterlist


def test_only_openrouter_gets_the_key(settings: Settings) -> None:
    """It is in no representation either."""
    assert openrouter(settings).key == KEY
    assert price_archive(settings).key is None
    assert KEY not in repr(openrouter(settings))


def test_the_key_is_not_sent_to_an_archive(server: ScriptedServer, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "h", openrouter_key=KEY, price_archive_url=server.url)
    client = SourceClient(settings, "run-1", FAST_RETRIES, price_archive(settings))
    client.ask(openrouterlist.SOURCE, openrouterlist.PATH)
    client.close()
    assert "authorization" not in {name.lower() for name in server.received[0].headers}


def test_an_archive_that_is_away_names_its_setting(tmp_path: Path) -> None:
    """The error says which address to check."""
    settings = Settings(home=tmp_path / "h", price_archive_url="http://127.0.0.1:9")
    client = SourceClient(settings, "run-1", FAST_RETRIES, price_archive(settings))
    with pytest.raises(SourceUnreachable, match="TOKENTIDE_PRICE_ARCHIVE_URL"):
        client.ask(openrouterlist.SOURCE, openrouterlist.PATH)
    client.close()
