"""`tokentide doctor`: what is in place, and what to do about what is not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest
from support.cli.command import Command
from support.loading import keep_answer
from support.published import published
from support.simulator import SimulatedMarket

from pipelines.archive import Archive
from pipelines.cli.upkeep.doctor import Finding, examine, is_reachable, readers
from pipelines.settings import Settings

NO_TIER = Path("/nowhere/tier.toml")
NOBODY = "http://127.0.0.1:9/api/v1"
HEADER = (
    '[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "http://127.0.0.1:9"\n'
    'headers = { Authorization = "s3cret" }\n'
)


def at(url: str) -> dict[str, Any]:
    """Return the settings of all hosts at one address."""
    names = (
        "openrouter_url",
        "price_archive_url",
        "arena_url",
        "epoch_url",
        "hub_url",
        "models_dev_url",
    )
    return dict.fromkeys(names, url)


def findings(settings: Settings) -> dict[str, Finding]:
    """Return what was found, by name."""
    return {finding.what: finding for finding in examine(settings)}


@contextmanager
def gateway(status: int) -> Iterator[str]:
    """Serve this status for every address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api/v1"
        finally:
            server.shutdown()
            thread.join()


def test_a_ready_home_is_well(market: Settings, simulator: SimulatedMarket) -> None:
    """Software, home, disk, what is published, the key and the source."""
    settings = replace(
        Settings(home=market.home, openrouter_key="k", tier=NO_TIER, **at(simulator.archive_url)),
        openrouter_url=simulator.url,
    )
    found = findings(settings)
    assert list(found) == [
        "Python",
        "DuckDB",
        "dbt",
        "home",
        "disk",
        "room",
        "published",
        "OPENROUTER_API_KEY",
        "OpenRouter",
        "host of past prices and regions",
        "host of prices by models.dev",
        "host of downloads",
        "host of Arena's leaderboards",
        "host of Epoch AI's index and models",
        "tier file",
    ]
    assert [name for name, finding in found.items() if not finding.is_well] == []
    assert found["published"].found == "generation-000001.duckdb"
    assert re.fullmatch(
        r"raw [\d.]+, warehouse.duckdb [\d.]+, published [1-9][\d.]*, spool [\d.]+, "
        r"dagster [\d.]+, log [\d.]+ MiB",
        found["room"].found,
    )
    assert found["DuckDB"].found.endswith(
        "; DuckDB 1.0 and newer read the published file (storage version 64)"
    )
    assert found["OPENROUTER_API_KEY"].found == "set"
    assert found["OpenRouter"].found == f"{simulator.url} responds"


@pytest.mark.parametrize(("storage", "oldest"), [("v1.0.0", "1.0"), ("v1.2.0", "1.2")])
def test_the_file_says_its_oldest_reader(tmp_path: Path, storage: str, oldest: str) -> None:
    """Each file has the version of its storage in its header."""
    file = tmp_path / "file.duckdb"
    with duckdb.connect() as con:
        con.execute(f"attach '{file}' as made (storage_version '{storage}')")
        con.execute("create table made.t as select 1 as x")
    assert readers(file).startswith(f"DuckDB {oldest} and newer read the published file")


def test_a_fresh_home_says_how_to_begin(tmp_path: Path) -> None:
    """It is made, has nothing published, and needs no key."""
    settings = Settings(home=tmp_path / "new" / "home", **at(NOBODY))
    found = findings(settings)
    assert settings.home.is_dir()
    assert list(settings.home.iterdir()) == []
    assert found["published"] == Finding(
        "published", False, "nothing yet; run `tokentide ingest market`"
    )
    assert found["OPENROUTER_API_KEY"].is_well
    assert found["OPENROUTER_API_KEY"].found.startswith("not set: keyless exports")
    assert "`tokentide up` uses a simulated market instead" in found["OpenRouter"].found


def test_a_home_that_cannot_be_written_ends_the_checks_of_it(tmp_path: Path) -> None:
    """Its disk and its generations cannot be looked at."""
    (tmp_path / "file").write_text("")
    found = findings(Settings(home=tmp_path / "file" / "home", **at(NOBODY)))
    assert not found["home"].is_well
    assert "set TOKENTIDE_HOME to a folder that is" in found["home"].found
    assert {"disk", "published"}.isdisjoint(found)


@pytest.mark.parametrize(
    ("status", "is_up"), [(200, True), (404, True), (401, True), (403, False), (502, False)]
)
def test_a_gateway_is_not_the_source(status: int, is_up: bool) -> None:
    """A refusal of the source proves that it is there; a gateway's error proves nothing."""
    with gateway(status) as url:
        assert is_reachable(url) is is_up


def test_nobody_is_not_reachable() -> None:
    """Nothing listens on this port."""
    assert not is_reachable(NOBODY)


def test_a_host_that_cannot_be_reached_has_its_next_step(tmp_path: Path) -> None:
    """Each names its setting and its verb; the others are asked all the same."""
    with gateway(200) as url, gateway(502) as refusing:
        settings = Settings(home=tmp_path / "home", **at(url))
        found = findings(replace(settings, hub_url=refusing))
    assert found["host of past prices and regions"].found == f"{url} responds"
    assert found["host of downloads"] == Finding(
        "host of downloads",
        False,
        f"{refusing} cannot be reached; open it to this machine or name a mirror in "
        "TOKENTIDE_HUB_URL, then `tokentide ingest downloads`",
    )


def test_the_exit_code_is_that_of_the_checks(market: Settings, simulator: SimulatedMarket) -> None:
    """Each check is a line: `ok` or `no`, its name, and what was found."""
    well = Command(market.home, TOKENTIDE_OPENROUTER_URL=simulator.url)
    lines = well("doctor").splitlines()
    assert all(line.startswith("ok ") for line in lines if not line.startswith(" "))
    unwell = Command(market.home, TOKENTIDE_OPENROUTER_URL=NOBODY)("doctor", code=1)
    assert f"no   OpenRouter: {NOBODY} cannot be reached" in " ".join(unwell.split("\n"))


def test_a_bad_line_of_the_archives_log_is_found(tmp_path: Path) -> None:
    """With file and line, and what to do."""
    settings = Settings(home=tmp_path, **at("http://127.0.0.1:1"))
    keep_answer(Archive(settings.archive), b"{}")
    [log] = (settings.archive / "answers").iterdir()
    log.write_text(log.read_text() + "{}\n")
    [finding] = [each for each in examine(settings) if each.what == "archive's log"]
    assert not finding.is_well
    assert f"{log.name} line 2: it is damaged: fetched_at is missing" in finding.found
    assert "restore raw/answers" in finding.found


def test_the_alerts_file_is_checked_with_the_variables_that_it_names(tmp_path: Path) -> None:
    """Their values are not shown; a home without the file has no such line."""
    settings = Settings(tmp_path / "home", **at(NOBODY), alerts=tmp_path / "alerts.toml")
    assert alerts_of(settings) == []
    chat = '[[receiver]]\nname = "chat"\nkind = "slack"\nurl_variable = "CHAT_URL"\n'
    settings.alerts.write_text(chat)
    [missing] = alerts_of(settings)
    assert not missing.is_well
    assert "put CHAT_URL into the environment" in missing.found
    [well] = alerts_of(replace(settings, variables={"CHAT_URL": "http://h/s3cret"}))
    assert (well.is_well, well.found) == (True, "0 rules, 1 receivers, 0 reports")
    settings.alerts.write_text(HEADER)
    assert "s3cret" not in alerts_of(settings)[0].found
    settings.alerts.write_text("[[alert]]\n")
    [bad] = alerts_of(settings)
    assert "alerts.toml:1: alert needs kind." in bad.found


def alerts_of(settings: Settings) -> list[Finding]:
    return [each for each in examine(settings) if each.what == "alerts"]


def test_a_damaged_published_file_is_found(tmp_path: Path) -> None:
    """The other checks go on."""
    settings = Settings(home=tmp_path / "home", **at(NOBODY))
    published(settings).path.write_bytes(b"no database" * 1000)
    found = findings(settings)
    assert "`tokentide publish` makes a new one" in found["published"].found
    assert not found["published"].is_well
    assert not found["OpenRouter"].is_well


@pytest.mark.parametrize(("rights", "is_private"), [(0o700, True), (0o750, True), (0o755, False)])
def test_a_home_that_everybody_can_read_is_found(
    tmp_path: Path, rights: int, is_private: bool
) -> None:
    """With the command that closes it."""
    tmp_path.chmod(rights)
    found = findings(Settings(home=tmp_path, **at(NOBODY)))["home"]
    assert found.is_well is is_private
    assert (f"`chmod 700 {tmp_path}`" in found.found) is not is_private
