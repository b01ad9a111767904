"""Notifications: what a receiver is sent about alerts that changed, in its own form.

All changes of one check are one notification for each receiver, with an id that never changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from email.message import EmailMessage
from importlib.metadata import version
from typing import Any
from uuid import uuid4

from pipelines.alerts.config.alerts_file import AlertsFile, Receiver
from pipelines.alerts.transitions import AlertEvent, clean
from pipelines.publish.generations import GenerationInfo

MAX_LISTED = 20  # lines of a text; JSON has more
MAX_ALERTS = 200
WORDS = {"firing": "FIRING", "resolved": "resolved", "expired": "no longer watched"}
SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True)
class AlertChange:
    """An alert that opened or closed, as its row is now."""

    event: AlertEvent
    alert_id: int
    rule: str
    kind: str
    subject: str
    text: str
    value: float | None
    threshold: float | None
    unit: str | None
    since: str | None
    opened_at: str
    closed_at: str | None = None

    @property
    def line(self) -> str:
        """The change in one line."""
        return f"{WORDS[self.event]} {self.rule}: {self.text}"


@dataclass(frozen=True)
class Notification:
    """One notification for one receiver: the JSON that a webhook gets."""

    receiver: str
    body: Mapping[str, Any]

    @property
    def notification_id(self) -> str:
        """The id by which a receiver knows a notification that comes twice."""
        return str(self.body["id"])


def compose(
    file: AlertsFile,
    changes: Sequence[AlertChange],
    info: GenerationInfo,
    origin: str,
    now: datetime,
) -> Iterator[Notification]:
    """Yield a notification for each receiver whose rules have changes."""
    for receiver in file.receivers:
        rules = {rule.name for rule in file.rules if receiver in file.receivers_of(rule)}
        if own := [change for change in changes if change.rule in rules]:
            yield Notification(receiver.name, _body(own, info, origin, now))


def example(receiver: Receiver, now: datetime) -> Notification:
    """Return a notification that says only that it is a test."""
    text = "a test: notifications of Tokentide reach this receiver"
    body = {
        "id": uuid4().hex,
        "sender": f"tokentide {version('tokentide')}",
        "created_at": now.isoformat(),
        "title": "Tokentide: test",
        "lines": [text],
        "is_simulated": False,
        "alerts": [],
    }
    return Notification(receiver.name, body)


def _body(
    changes: Sequence[AlertChange], info: GenerationInfo, origin: str, now: datetime
) -> dict[str, Any]:
    is_simulated = "simulated" in origin
    firing = sum(change.event == "firing" for change in changes)
    counts = [f"{firing} firing"] * bool(firing)
    counts += [f"{len(changes) - firing} closed"] * (len(changes) > firing)
    lines = [change.line for change in changes[:MAX_LISTED]]
    if more := len(changes) - len(lines):
        lines.append(f"and {more} more: `tokentide alerts --all` lists them")
    return {
        "id": uuid4().hex,
        "sender": f"tokentide {version('tokentide')}",
        "created_at": now.isoformat(),
        "generation": info.generation,
        "published_at": info.published_at.isoformat(),
        "origin": origin,
        "is_simulated": is_simulated,
        "title": f"Tokentide{' (simulated market)' * is_simulated}: {', '.join(counts)}",
        "lines": lines,
        "alerts": [asdict(change) for change in changes[:MAX_ALERTS]],
    }


def slack_text(body: Mapping[str, Any]) -> str:
    """Return the text of a chat message. Names from elsewhere can mention nobody in it."""
    return "\n".join([f"*{body['title']}*", *body["lines"]]).translate(SLACK)


def email_message(receiver: Receiver, body: Mapping[str, Any]) -> EmailMessage:
    """Return a mail, whose Message-ID is the notification's own."""
    message = EmailMessage()
    message["Subject"] = clean(f"{body['title']}: {body['lines'][0]}")[:150]
    message["From"] = receiver.sender
    message["To"] = ", ".join(receiver.to)
    message["Date"] = datetime.fromisoformat(body["created_at"])
    message["Message-ID"] = f"<{body['id']}@tokentide.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join([body["title"], "", *body["lines"], ""]))
    return message
