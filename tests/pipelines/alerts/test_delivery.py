"""Delivery of what waits: one receiver delays no other, and a kill doubles nothing unseen."""

import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.alerts.marts import DOWN, NOW, home_with, publish_rows
from support.alerts.receivers import mail_server, webhook
from support.cli.command import Command

from pipelines.alerts.checking import check_alerts
from pipelines.alerts.config.alerts_file import parse_alerts, read_alerts
from pipelines.alerts.delivery import LOCK, deliver
from pipelines.alerts.store import AlertStore
from pipelines.alerts.transports import DeliveryLimits
from pipelines.errors import LockHeld
from pipelines.locks import file_lock
from pipelines.settings import Settings

FAST = DeliveryLimits(seconds=5.0, attempts=1, first_pause=0.01)
TWO = """
[[receiver]]
name = "dead"
kind = "webhook"
url = "{url}"
[[receiver]]
name = "mail"
kind = "email"
host = "127.0.0.1"
port = PORT
security = "none"
from = "tide@example.org"
to = ["team@example.org"]
[[alert]]
name = "down"
kind = "target_down"
"""


def fire(settings: Settings) -> None:
    """Publish a target that is down, and record its alert."""
    publish_rows(settings, scrape_outcomes_hourly=DOWN)
    check_alerts(settings, now=NOW)


def send(settings: Settings, now: datetime | None = None) -> list[str | None]:
    """Send what is due; return the errors."""
    file = read_alerts(settings.alerts)
    results = deliver(settings, file, FAST, lambda: now or datetime.now(UTC))
    return [each.error for each in results]


def test_a_notification_is_sent_once(tmp_path: Path) -> None:
    with webhook() as found:
        settings = home_with(tmp_path, found.url)
        fire(settings)
        assert send(settings) == [None]
        assert send(settings) == []
        check_alerts(settings)
        assert send(settings) == []
    assert found.events() == [("firing", "a")]


def test_a_receiver_that_is_down_delays_no_other(tmp_path: Path) -> None:
    with webhook(503) as dead, mail_server() as mail:
        settings = home_with(tmp_path, dead.url, TWO.replace("PORT", str(mail.port)))
        fire(settings)
        errors = send(settings, NOW)
        assert sorted(map(str, errors)) == ["It answered 503.", "None"]
        assert len(mail.mails) == 1
        assert send(settings, NOW + timedelta(seconds=20)) == []
        assert send(settings, NOW + timedelta(seconds=40)) == [None]
    assert dead.ids()[0] == dead.ids()[1]
    assert len(mail.mails) == 1


def test_two_senders_of_a_home_do_not_send_the_same(tmp_path: Path) -> None:
    with webhook() as found:
        settings = home_with(tmp_path, found.url)
        fire(settings)
        with file_lock(settings.home / LOCK), pytest.raises(LockHeld):
            send(settings)
    assert found.bodies == []


def test_checks_at_the_same_time_find_a_change_once(tmp_path: Path) -> None:
    with webhook() as found:
        settings = home_with(tmp_path, found.url)
        publish_rows(settings, scrape_outcomes_hourly=DOWN)
        threads = [
            threading.Thread(target=check_alerts, args=(settings, None, NOW)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        send(settings)
    assert found.events() == [("firing", "a")]


def test_a_receiver_that_left_the_file_is_said(tmp_path: Path) -> None:
    with webhook() as found:
        settings = home_with(tmp_path, found.url)
        fire(settings)
        [result] = deliver(settings, parse_alerts(""), FAST)
    assert result.error
    assert "no receiver 'ops' any more" in result.error


def test_a_kill_between_sending_and_noting_sends_the_same_id_again(tmp_path: Path) -> None:
    """It errs towards twice: what is lost looks like what never happened."""
    with webhook(delay=2.0) as found:
        settings = home_with(tmp_path, found.url)
        fire(settings)
        command = Command(settings.home, TOKENTIDE_ALERTS=str(settings.alerts))
        process = command.start("alerts", "check")
        wait_for(found.bodies)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert len(AlertStore(settings.alert_state).list_waiting()) == 1
        found.delay = 0.0
        assert send(settings) == [None]
    first, second = found.ids()
    assert first == second
    assert found.bodies[0] == found.bodies[1]


def wait_for(bodies: list[object]) -> None:
    """Wait until a request has arrived."""
    deadline = time.monotonic() + 60
    while not bodies:
        assert time.monotonic() < deadline
        time.sleep(0.01)
