"""Delivery of notifications to webhooks, chats and mail servers.

A notification may arrive twice, and is never lost: it is noted as sent after its receiver took it,
and a kill in between sends it again under the same id. One receiver never delays another.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.alerts.config.alerts_file import AlertsFile, Receiver
from pipelines.alerts.notifications import Notification, example
from pipelines.alerts.store import AlertStore
from pipelines.alerts.transports import (
    DeliveryFailed,
    DeliveryLimits,
    SendNotification,
    transport_of,
)
from pipelines.archive import utc_now
from pipelines.locks import file_lock
from pipelines.settings import Settings

LOCK = "alerts.lock"


@dataclass(frozen=True)
class DeliveryResult:
    """One notification that was sent, or the reason why it was not."""

    receiver: str
    notification_id: str
    error: str | None = None


def deliver(
    settings: Settings,
    file: AlertsFile,
    limits: DeliveryLimits | None = None,
    now: Callable[[], datetime] = utc_now,
    *,
    is_forced: bool = False,
) -> list[DeliveryResult]:
    """Send the notifications that are due, or all that wait; return what came of each.

    Raise LockHeld where another process of this home is sending.
    """
    with file_lock(settings.home / LOCK, blocking=False):
        store = AlertStore(settings.alert_state)
        due = store.find_due(None if is_forced else now())
        results: list[DeliveryResult] = []

        def send(receiver: str) -> None:
            transport = _find_transport(settings, file, receiver, limits)
            results.extend(_send_in_order(store, transport, due[receiver], now))

        # A pool of threads would keep a process that wants to end until the slowest is done.
        threads = [threading.Thread(target=send, args=(each,), daemon=True) for each in due]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results


def send_test(
    settings: Settings, receiver: Receiver, limits: DeliveryLimits | None = None
) -> DeliveryResult:
    """Send a notification that says it is a test; nothing is recorded."""
    notification = example(receiver, utc_now())
    error = None
    try:
        transport_of(receiver, settings.variables, limits or DeliveryLimits())(notification)
    except DeliveryFailed as failed:
        error = str(failed)
    return DeliveryResult(receiver.name, notification.notification_id, error)


def _find_transport(
    settings: Settings, file: AlertsFile, name: str, limits: DeliveryLimits | None
) -> SendNotification:
    found: Receiver | None = next((each for each in file.receivers if each.name == name), None)
    if found is None:
        return _refuse
    return transport_of(found, settings.variables, limits or DeliveryLimits())


def _refuse(notification: Notification) -> None:
    raise DeliveryFailed(
        f"The alerts file has no receiver {notification.receiver!r} any more; add it, or wait "
        "until this notification is given up."
    )


def _send_in_order(
    store: AlertStore,
    transport: SendNotification,
    notifications: Sequence[Notification],
    now: Callable[[], datetime],
) -> list[DeliveryResult]:
    """Send until one fails, since those after it would arrive out of order."""
    results = []
    for each in notifications:
        try:
            transport(each)
        except DeliveryFailed as error:
            store.note_failed(each, str(error), now())
            results.append(DeliveryResult(each.receiver, each.notification_id, str(error)))
            break
        store.note_sent(each, now())
        results.append(DeliveryResult(each.receiver, each.notification_id))
    return results
