"""`tokentide alerts` as a person runs it: the list, a check, a test, and a file with faults."""

import json
from pathlib import Path

import pytest
from support.alerts.marts import DOWN, home_with, publish_rows
from support.alerts.receivers import webhook
from support.cli.command import Command

from pipelines.settings import Settings


def command_of(settings: Settings) -> Command:
    return Command(settings.home, TOKENTIDE_ALERTS=str(settings.alerts), COLUMNS="200")


@pytest.fixture
def quiet(tmp_path: Path) -> Command:
    """Return the command on a home with a generation and no alerts file."""
    settings = Settings(home=tmp_path / "home", alerts=tmp_path / "alerts.toml")
    publish_rows(settings)
    return command_of(settings)


@pytest.mark.slow
def test_a_check_records_and_sends_and_the_list_shows_it(tmp_path: Path) -> None:
    """A second check finds nothing new; a dry one records nothing."""
    with webhook() as found:
        settings = home_with(tmp_path, found.url)
        publish_rows(settings, scrape_outcomes_hourly=DOWN)
        command = command_of(settings)
        assert "firing" in command("alerts", "check", "--dry-run")
        assert "No alert fires." in command("alerts")
        output = command("alerts", "check")
        assert "FIRING down: a is down since 2026-06-20 11:49:00 UTC" in output
        assert "sent ops" in output
        assert json.loads(command("alerts", "check", "--json"))["changes"] == []
        assert "nothing listens" in command("alerts")
        listed = json.loads(command("alerts", "--json"))
        assert [(row["rule"], row["state"]) for row in listed["alerts"]] == [("down", "firing")]
        assert listed["waiting"] == []
        assert "sent ops" in command("alerts", "test")
    assert found.events() == [("firing", "a")]
    assert [body["title"] for body in found.bodies][-1] == "Tokentide: test"


def test_what_cannot_be_sent_waits_and_is_an_error(tmp_path: Path) -> None:
    settings = home_with(tmp_path, "http://127.0.0.1:1/x")
    publish_rows(settings, scrape_outcomes_hourly=DOWN)
    command = command_of(settings)
    assert "not sent ops: It cannot be reached" in command("alerts", "check", code=1)
    assert "waiting ops: It cannot be reached" in command("alerts")


def test_without_a_file_the_next_step_is_said(quiet: Command) -> None:
    assert "Copy alerts.toml.example there" in quiet("alerts").replace("\n", " ")
    assert "BadAlerts" in quiet("alerts", "check", code=1)


def test_a_file_with_faults_is_an_error_with_its_lines(quiet: Command) -> None:
    (quiet.home.parent / "alerts.toml").write_text('[[alert]]\nname = "a"\nkind = "quake"\n')
    output = quiet("alerts", "check", code=1)
    assert "alerts.toml:3: kind of alert should be" in output
    assert "Traceback" not in output


def test_an_unknown_receiver_is_an_error(tmp_path: Path) -> None:
    command = command_of(home_with(tmp_path, "http://127.0.0.1:1/x"))
    assert "has no such receiver, only ops" in command("alerts", "test", "boss", code=1)
