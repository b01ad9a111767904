"""Checks on generations as they are published: what opens, what closes, and who is notified."""

import logging
import time
from datetime import timedelta
from pathlib import Path

import pytest
from support.alerts.marts import DOWN, NOW, UP, home_with, publish_rows
from support.alerts.receivers import Webhook, webhook

from pipelines.alerts.checking import (
    budget_frame,
    check_alerts,
    check_and_send,
    judge,
    publish_and_alert,
)
from pipelines.alerts.config.alerts_file import read_alerts
from pipelines.alerts.store import AlertStore
from pipelines.errors import BadAlerts, NothingPublished
from pipelines.pseudonyms import read_pseudonyms
from pipelines.settings import Settings

HOUR = timedelta(hours=1)
RULE = '[[alert]]\nname = "down"\nkind = "target_down"\n'


def test_an_alert_follows_the_generations(tmp_path: Path) -> None:
    settings = home_with(tmp_path, "http://127.0.0.1:9")
    publish_rows(settings, NOW, scrape_outcomes_hourly=DOWN)
    first = check_alerts(settings, now=NOW)
    assert [each.line.partition(" since")[0] for each in first.changes] == [
        "FIRING down: a is down"
    ]
    publish_rows(settings, NOW + HOUR, scrape_outcomes_hourly=[UP])
    second = check_alerts(settings, now=NOW + HOUR)
    assert [each.line for each in second.changes] == [
        "resolved down: a is up: scraped at 2026-06-20 11:59:55 UTC"
    ]
    assert second.generation == 2
    [row] = AlertStore(settings.alert_state).list_alerts(with_closed=True)
    assert (row["state"], row["generation"], row["origin"]) == ("resolved", 1, "none")


def test_a_simulated_market_is_labelled(tmp_path: Path) -> None:
    settings = home_with(tmp_path, "http://127.0.0.1:9")
    days = [{"date": "2026-06-18", "origin": "simulated", "platform_tokens": 1}]
    publish_rows(settings, market_days=days, scrape_outcomes_hourly=DOWN)
    check_alerts(settings, now=NOW)
    [found] = AlertStore(settings.alert_state).find_due(None)["ops"]
    assert found.body["is_simulated"]
    assert found.body["title"] == "Tokentide (simulated market): 1 firing"


def test_judging_alone_records_nothing(tmp_path: Path) -> None:
    settings = home_with(tmp_path, "http://127.0.0.1:9")
    publish_rows(settings, scrape_outcomes_hourly=DOWN)
    _, [result] = judge(settings, read_alerts(settings.alerts), NOW)
    assert [each.is_firing for each in result.observations] == [True]
    assert not settings.alert_state.exists()


def test_a_check_says_what_is_missing(tmp_path: Path) -> None:
    settings = home_with(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(NothingPublished):
        check_alerts(settings)
    settings.alerts.unlink()
    with pytest.raises(BadAlerts):
        check_alerts(settings)


def test_what_is_due_is_sent_beside(tmp_path: Path) -> None:
    """Publishing goes on while a receiver takes its time."""
    with webhook(delay=1.0) as found:
        settings = home_with(tmp_path, found.url)
        publish_rows(settings, scrape_outcomes_hourly=DOWN)
        check_and_send(settings)
        assert found.events() in ([], [("firing", "a")])
        assert AlertStore(settings.alert_state).list_waiting()
        wait_until_sent(settings)
        assert_received_once(settings, found)


def test_publishing_checks_where_there_is_a_file(tmp_path: Path) -> None:
    """A fault in it hinders no publishing."""
    settings = home_with(tmp_path, "http://127.0.0.1:9", RULE)
    publish_rows(settings, scrape_outcomes_hourly=DOWN)
    assert publish_and_alert(settings).number == 2
    assert len(AlertStore(settings.alert_state).list_alerts()) == 1
    settings.alerts.write_text("[[alert]]")
    assert publish_and_alert(settings).number == 3
    settings.alert_state.unlink()
    settings.alerts.unlink()
    assert publish_and_alert(settings).number == 4
    assert not settings.alert_state.exists()


def wait_until_sent(settings: Settings) -> None:
    """Wait until nothing waits."""
    deadline = time.monotonic() + 60
    while AlertStore(settings.alert_state).list_waiting():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def assert_received_once(settings: Settings, found: Webhook) -> None:
    check_and_send(settings)
    assert found.events() == [("firing", "a")]


def test_what_goes_wrong_hinders_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file with faults is a line in the log, and so is a rule that cannot be judged."""
    settings = home_with(tmp_path, "http://127.0.0.1:9")
    publish_rows(settings, without=("service_replicas",))
    with caplog.at_level(logging.INFO, "pipelines"):
        check_and_send(settings)
        settings.alerts.write_text("[[alert]]\n")
        check_and_send(settings)
    assert "Alert down cannot be judged" in caplog.text
    assert "Alerts are not checked: alerts.toml:1: alert needs kind." in caplog.text


BUDGET = """
[[alert]]
name = "search-month"
kind = "budget_passed"
of = "gateway"
team = "search"
usd = 100
per = "month"
"""


def test_budgets_of_the_file_are_a_table(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The team of the file is found by its pseudonym; a file with faults gives no budget."""
    settings = home_with(tmp_path, "", BUDGET)
    team = read_pseudonyms(settings).hide("team", "search")
    used = {"date": "2026-06-18", "source": "gateway", "team": team, "usd": 40, "usd_at_least": 40}
    publish_rows(settings, caller_usage_daily=[used])
    [row] = budget_frame(settings, NOW).to_dicts()
    assert (row["rule"], row["usd"], row["budget_usd"]) == ("search-month", 40.0, 100.0)
    assert "search-month" not in row["subject"]
    assert team in row["subject"]
    settings.alerts.write_text("[[alert]]")
    with caplog.at_level(logging.WARNING):
        assert budget_frame(settings, NOW).is_empty()
    assert "Budgets cannot be read" in caplog.text
    settings.alerts.unlink()
    assert budget_frame(settings, NOW).is_empty()
