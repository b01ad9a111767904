"""`tokentide dashboard`: where it listens, who may look, and what the pages may read.

What viewers without the secret cannot do is in tests/dashboards/web/test_security.py.
"""

import re
import signal
import socket
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import httpx
import pytest
from support.cli.command import Command
from support.restated_answers import THEN, keep_until

from dashboards.statements.actions import ActionRefusedError
from pipelines.archive import Archive
from pipelines.cli.dashboard import make_past_day, secret_for, sources_of
from pipelines.errors import BadSetting
from pipelines.ingest.market import load_archive
from pipelines.settings import Settings

SECRET = "correct horse battery"


@pytest.mark.slow
def test_it_serves_until_ctrl_c(market: Settings) -> None:
    """The address is printed before the first viewer can ask for a page.

    A shell starts jobs in the background with Ctrl-C ignored; it ends them all the same.
    """
    words = ("dashboard", "--port", "0")
    with Command(market.home).start(*words, ignores_ctrl_c=True) as process:
        assert process.stdout is not None
        try:
            address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert address
            response = httpx.get(address[0], timeout=30)
        finally:
            process.send_signal(signal.SIGINT)
    assert response.status_code == 200
    assert "Tokentide" in response.text


def test_a_port_that_is_taken_is_an_error(market: Settings) -> None:
    """The message suggests another."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        output = Command(market.home)("dashboard", "--port", str(port), code=1)
    assert f"Error: Cannot listen on 127.0.0.1:{port} (" in output
    assert f"Try --port {port + 1}." in output


def test_another_address_needs_a_secret(market: Settings) -> None:
    """Others can reach it, so anybody could read the pages."""
    with pytest.raises(BadSetting, match="set TOKENTIDE_DASHBOARD_SECRET"):
        secret_for(market, "0.0.0.0")
    assert secret_for(market, "127.0.0.1") is None


def test_a_secret_has_twelve_characters(tmp_path: Path) -> None:
    """A short one can be guessed, also on loopback. The message does not repeat it."""
    settings = Settings(home=tmp_path, dashboard_secret="elevenchars")
    with pytest.raises(BadSetting, match="fewer than 12 characters") as raised:
        secret_for(settings, "127.0.0.1")
    assert "elevenchars" not in str(raised.value)
    assert secret_for(Settings(home=tmp_path, dashboard_secret=SECRET), "0.0.0.0") == SECRET


def test_pages_read_what_is_published_and_the_spool(market: Settings) -> None:
    """The warehouse is not among it."""
    sources = sources_of(market, "http://127.0.0.1:3000")
    assert sources.published == market.published / "tokentide.duckdb"
    assert sources.dagster_url == "http://127.0.0.1:3000"
    with sources.open_published(sources.published) as con:
        assert con.sql("select count(*) from marts.market_days").fetchall() == [(10,)]
        [(memory,)] = con.sql("select current_setting('memory_limit')").fetchall()
        assert memory.startswith("7")


@pytest.mark.slow
def test_a_past_day_is_made_of_what_was_known_by_its_end(tmp_path: Path) -> None:
    """In a process with its own memory; what the home did not know then is refused in words."""
    settings = Settings(tmp_path / "home")
    keep_until(Archive(settings.archive), THEN)
    load_archive(settings)
    path = make_past_day(settings, THEN.date())
    with closing(duckdb.connect(str(path), read_only=True)) as con:
        con.execute("set TimeZone = 'UTC'")
        [(asked,)] = con.sql("select asked_as_of::varchar from marts.meta").fetchall()
    assert asked == f"{THEN.date() + timedelta(days=1)} 00:00:00+00"
    with pytest.raises(ActionRefusedError, match="Nothing in this home was known at 2020-01-02"):
        make_past_day(settings, date(2020, 1, 1))
