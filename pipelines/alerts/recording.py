"""The steps of recording a check, within the one transaction that the store opens for them."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from pipelines.alerts.config.alerts_file import AlertsFile
from pipelines.alerts.notifications import AlertChange, Notification
from pipelines.alerts.observing import RuleResult
from pipelines.alerts.transitions import (
    AlertTransition,
    Observation,
    find_transitions,
)
from pipelines.publish.generations import GenerationInfo
from pipelines.sql import read_sql

# Kinds that tell of something that happened; that it lies back some time is no news.
EVENTS = frozenset({"restatement", "budget_passed", "claim_flipped"})
KEEP_ALERTS = timedelta(days=400)
KEEP_NOTIFICATIONS = timedelta(days=30)
MAX_WAITING = 100  # notifications of a receiver

FIRING = "select subject, alert_id, opened_at from alerts where rule = ? and closed_at is null"
RULES = "select distinct rule from alerts where closed_at is null"
CLOSE = "update alerts set state = ?, closed_at = ?, close_text = ? where alert_id = ?"
CLOSE_RULE = (
    "update alerts set state = 'expired', closed_at = ?, close_text = ? "
    "where rule = ? and closed_at is null"
)
FORGET_SENT = "delete from notifications where coalesce(sent_at, given_up_at) < ?"
OPEN, NOTIFY, SUPERFLUOUS = (
    read_sql(__file__, name) for name in ("open_alert", "notify", "superfluous")
)


@dataclass(frozen=True)
class JudgedGeneration:
    """The generation that a check judged, and where its figures come from."""

    info: GenerationInfo
    origin: str


def stamp(instant: datetime) -> str:
    """Write an instant as a text that sorts as instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def is_older(con: sqlite3.Connection, info: GenerationInfo) -> bool:
    """Tell whether a newer generation was judged already: two processes may check at once."""
    found = con.execute("select published_at from checks").fetchone()
    return bool(found) and stamp(info.published_at) < found[0]


def record_rule(
    con: sqlite3.Connection, result: RuleResult, judged: JudgedGeneration, now: datetime
) -> Iterator[AlertChange]:
    """Record what a rule observed; yield the changes that its receivers are notified of."""
    rule = result.rule
    firing = {row[0]: (row[1], row[2]) for row in con.execute(FIRING, (rule.name,))}
    for transition in find_transitions(firing, result.observations):
        if transition.event == "firing" and transition.observation:
            yield _open(con, result, transition.observation, judged, now)
        else:
            alert_id, opened_at = firing[transition.subject]
            change = _close(con, result, transition, alert_id, opened_at, now)
            if transition.event == "resolved" or rule.kind not in EVENTS:
                yield change


def close_rules(con: sqlite3.Connection, file: AlertsFile, now: datetime) -> None:
    """Close the alerts of rules that left the file; that is no news to whoever removed them."""
    named = {rule.name for rule in file.rules}
    for (rule,) in con.execute(RULES).fetchall():
        if rule not in named:
            con.execute(CLOSE_RULE, (stamp(now), "the rule left the alerts file", rule))


def enqueue(con: sqlite3.Connection, notification: Notification, now: datetime) -> None:
    """Add a notification to those that wait."""
    values = {
        "notification_id": notification.notification_id,
        "receiver": notification.receiver,
        "body": json.dumps(notification.body, ensure_ascii=False),
        "created_at": stamp(now),
    }
    con.execute(NOTIFY, values)


def forget(con: sqlite3.Connection, now: datetime) -> None:
    """Remove what is old, and give up what waits beyond the bound, so that nothing grows."""
    con.execute("delete from alerts where closed_at < ?", (stamp(now - KEEP_ALERTS),))
    con.execute(FORGET_SENT, (stamp(now - KEEP_NOTIFICATIONS),))
    con.execute(SUPERFLUOUS, {"now": stamp(now), "most": MAX_WAITING})


def _open(
    con: sqlite3.Connection,
    result: RuleResult,
    seen: Observation,
    judged: JudgedGeneration,
    now: datetime,
) -> AlertChange:
    values = {
        **asdict(seen),
        "rule": result.rule.name,
        "kind": result.rule.kind,
        "since": seen.since and stamp(seen.since),
        "opened_at": stamp(now),
    }
    del values["is_firing"]
    origin = {"origin": judged.origin, "generation": judged.info.generation}
    cursor = con.execute(OPEN, {**values, **origin})
    return AlertChange("firing", int(cursor.lastrowid or 0), **values)


def _close(
    con: sqlite3.Connection,
    result: RuleResult,
    transition: AlertTransition,
    alert_id: int,
    opened_at: str,
    now: datetime,
) -> AlertChange:
    subject = transition.subject
    gone = Observation(subject, None, f"{subject} is no longer observed")
    seen = transition.observation or gone
    con.execute(CLOSE, (transition.event, stamp(now), seen.text, alert_id))
    return AlertChange(
        transition.event,
        alert_id,
        result.rule.name,
        result.rule.kind,
        subject,
        seen.text,
        seen.value,
        seen.threshold,
        seen.unit,
        stamp(seen.since) if seen.since else None,
        opened_at,
        stamp(now),
    )
