"""Alerts and notifications, kept in one SQLite file of the home.

A check writes its alerts and the notifications about them in one transaction, so that whatever is
killed when, each change is notified of, and a check that is made again finds nothing new.
"""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pipelines.alerts.config.alerts_file import AlertsFile
from pipelines.alerts.notifications import AlertChange, Notification, compose
from pipelines.alerts.observing import RuleResult
from pipelines.alerts.recording import (
    JudgedGeneration,
    close_rules,
    enqueue,
    forget,
    is_older,
    record_rule,
    stamp,
)
from pipelines.alerts.transitions import clean
from pipelines.sql import read_sql
from pipelines.state_database import StateDatabase

GIVE_UP_AFTER = timedelta(days=1)
FIRST_PAUSE, MAX_PAUSE = timedelta(seconds=30), timedelta(hours=1)
LIST = read_sql(__file__, "list_alerts")
WAITING = (
    "select notification_id, receiver, created_at, attempts, next_attempt_at, last_error, body "
    "from notifications where sent_at is null and given_up_at is null "
    "order by created_at, notification_id"
)
NOTE_CHECK = "insert or replace into checks values (1, ?, ?)"
NOTE_SENT = (
    "update notifications set sent_at = ?, last_error = null, attempts = attempts + 1 "
    "where notification_id = ?"
)
ATTEMPTS = "select attempts, created_at from notifications where notification_id = ?"
NOTE_FAILED = (
    "update notifications set attempts = ?, last_error = ?, next_attempt_at = ?, given_up_at = ? "
    "where notification_id = ?"
)


class AlertStore(StateDatabase):
    """Alerts that fire and those that did, and notifications that wait or were sent."""

    SCHEMA = read_sql(__file__, "schema")

    def record(
        self,
        file: AlertsFile,
        results: Sequence[RuleResult],
        judged: JudgedGeneration,
        now: datetime,
    ) -> list[AlertChange]:
        """Record what rules observed, with a notification for each receiver of what changed.

        A generation that is older than the last one that was judged changes nothing.
        """
        with self.open() as con:
            if is_older(con, judged.info):
                return []
            changes = [
                change
                for result in results
                if not result.reason
                for change in record_rule(con, result, judged, now)
            ]
            close_rules(con, file, now)
            for notification in compose(file, changes, judged.info, judged.origin, now):
                enqueue(con, notification, now)
            forget(con, now)
            con.execute(NOTE_CHECK, (stamp(judged.info.published_at), stamp(now)))
        return changes

    def list_alerts(self, *, with_closed: bool = False) -> list[dict[str, Any]]:
        """Return the alerts that fire, or all, as rows; the newest first."""
        with self.open() as con:
            con.row_factory = sqlite3.Row
            return [dict(row) for row in con.execute(LIST, {"with_closed": with_closed})]

    def list_waiting(self) -> list[dict[str, Any]]:
        """Return the notifications that are not sent, with the last reason, the oldest first."""
        with self.open() as con:
            con.row_factory = sqlite3.Row
            rows = [dict(row) for row in con.execute(WAITING)]
        return [{key: row[key] for key in row if key != "body"} for row in rows]

    def find_due(self, now: datetime | None) -> dict[str, list[Notification]]:
        """Return the notifications to send by receiver; all that wait if `now` is None.

        They arrive in order: where the first one is to wait, so do the others.
        """
        due: dict[str, list[Notification]] = {}
        paused = set()
        with self.open() as con:
            con.row_factory = sqlite3.Row
            for row in con.execute(WAITING):
                receiver = row["receiver"]
                if now and row["next_attempt_at"] > stamp(now):
                    paused.add(receiver)
                if receiver not in paused:
                    found = Notification(receiver, json.loads(row["body"]))
                    due.setdefault(receiver, []).append(found)
        return due

    def note_sent(self, notification: Notification, now: datetime) -> None:
        """Note that a receiver has taken a notification."""
        with self.open() as con:
            con.execute(NOTE_SENT, (stamp(now), notification.notification_id))

    def note_failed(self, notification: Notification, reason: str, now: datetime) -> None:
        """Note why a notification was not taken. It is tried again, each time later, for a day."""
        key = notification.notification_id
        with self.open() as con:
            [(attempts, created_at)] = con.execute(ATTEMPTS, (key,)).fetchall()
            pause = min(FIRST_PAUSE * 2 ** min(attempts, 10), MAX_PAUSE)
            is_over = now - datetime.fromisoformat(created_at) > GIVE_UP_AFTER
            given_up_at = stamp(now) if is_over else None
            values = (attempts + 1, clean(reason), stamp(now + pause), given_up_at, key)
            con.execute(NOTE_FAILED, values)
