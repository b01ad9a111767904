"""A check: rules are judged on the newest generation, and what changed is sent.

Each publish checks, and Dagster checks by the clock, since that nothing comes any more is seen on
no new generation.
"""

import atexit
import logging
import sqlite3
import threading
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime

import duckdb
import polars as pl

from models.server.access.callers import Pseudonyms
from pipelines.alerts.config.alerts_file import AlertsFile, read_alerts
from pipelines.alerts.delivery import deliver
from pipelines.alerts.notifications import AlertChange
from pipelines.alerts.observing import BudgetState, RuleResult, observe, read_budgets
from pipelines.alerts.recording import JudgedGeneration
from pipelines.alerts.store import AlertStore
from pipelines.archive import utc_now
from pipelines.claims.verdicts import publish_with_claims
from pipelines.errors import LockHeld, TokentideError
from pipelines.pseudonyms import read_pseudonyms
from pipelines.publish.generations import Generation, GenerationInfo, newest
from pipelines.settings import Settings
from warehouse.connection import open_published

log = logging.getLogger(__name__)

# A process that ends waits no longer for receivers; what is not sent then is sent by the next.
LAST_SECONDS = 5.0
MEMORY = "512MB"
THREAD = "notifications"


@dataclass(frozen=True)
class AlertCheck:
    """Result of one check: the generation, what changed, and the rules that cannot be judged."""

    generation: int | None
    changes: tuple[AlertChange, ...]
    unknown: tuple[tuple[str, str], ...]


def judge(
    settings: Settings, file: AlertsFile, now: datetime | None = None
) -> tuple[JudgedGeneration, list[RuleResult]]:
    """Judge all rules on the newest generation; record nothing.

    Raise NothingPublished where there is none.
    """
    with closing(open_published(newest(settings), MEMORY)) as con:
        [(generation, published_at, origin)] = con.sql(
            "select generation, published_at, origin from meta"
        ).fetchall()
        pseudonyms = pseudonyms_of(settings, file)
        results = [observe(con, rule, now or utc_now(), pseudonyms) for rule in file.rules]
    return JudgedGeneration(GenerationInfo(generation, published_at), origin), results


def pseudonyms_of(settings: Settings, file: AlertsFile) -> Pseudonyms | None:
    """Return the pseudonyms of the home, if a rule names somebody."""
    names = (name for rule in file.rules for name in (rule.caller, rule.team, rule.key_alias))
    return read_pseudonyms(settings) if any(names) else None


def budget_frame(settings: Settings, now: datetime | None = None) -> pl.DataFrame:
    """Return what is spent of each budget of the alerts file; nothing where none can be read."""
    states: list[BudgetState] = []
    try:
        if settings.alerts.exists():
            file = read_alerts(settings.alerts)
            pseudonyms = pseudonyms_of(settings, file)
            with closing(open_published(newest(settings), MEMORY)) as con:
                states = read_budgets(con, file.rules, now or utc_now(), pseudonyms)
    except (TokentideError, duckdb.Error) as error:
        log.warning("Budgets cannot be read: %s", error)
    return pl.DataFrame([asdict(each) for each in states])


def check_alerts(
    settings: Settings, file: AlertsFile | None = None, now: datetime | None = None
) -> AlertCheck:
    """Judge all rules and record what changed; nothing is sent yet.

    Raise BadAlerts for a file with faults, NothingPublished where there is nothing to judge.
    """
    file, instant = file or read_alerts(settings.alerts), now or utc_now()
    judged, results = judge(settings, file, instant)
    changes = AlertStore(settings.alert_state).record(file, results, judged, instant)
    unknown = [(each.rule.name, each.reason) for each in results if each.reason]
    return AlertCheck(judged.info.generation, tuple(changes), tuple(unknown))


def publish_and_alert(settings: Settings) -> Generation:
    """Publish a generation, and check alerts on it where there is an alerts file.

    What goes wrong with alerts does not hinder publishing: it is logged.
    """
    generation = publish_with_claims(settings)
    if settings.alerts.exists():
        check_and_send(settings)
    return generation


def check_and_send(settings: Settings) -> None:
    """Check alerts, and send beside what goes on here. What goes wrong is logged, never raised."""
    try:
        check = check_alerts(settings)
    except (TokentideError, OSError, sqlite3.Error, duckdb.Error) as error:
        log.warning("Alerts are not checked: %s", error)
        return
    for change in check.changes:
        log.info("Alert %s", change.line)
    for rule, reason in check.unknown:
        log.warning("Alert %s cannot be judged: %s", rule, reason)
    send_beside(settings)


def send_beside(settings: Settings) -> None:
    """Send what is due in a thread, so that a receiver that is down delays nothing."""
    if not AlertStore(settings.alert_state).find_due(utc_now()):
        return
    thread = threading.Thread(target=_send, args=(settings,), name=THREAD, daemon=True)
    thread.start()
    atexit.unregister(_wait_for_receivers)
    atexit.register(_wait_for_receivers)


def _wait_for_receivers() -> None:
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(LAST_SECONDS)


def _send(settings: Settings) -> None:
    try:
        results = deliver(settings, read_alerts(settings.alerts))
    except LockHeld:
        # Another process is sending; what it did not see yet is due at the next check.
        return
    except (TokentideError, OSError, sqlite3.Error) as error:
        log.warning("Notifications are not sent: %s", error)
        return
    for each in results:
        if each.error:
            log.warning("Receiver %s was not notified: %s", each.receiver, each.error)
