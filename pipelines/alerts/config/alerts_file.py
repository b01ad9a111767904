"""The alerts file: what to be alerted of, where notifications go, and reports by the calendar.

`alerts.toml.example` shows every key. The file holds no secret: it names the environment variables
that have them. Pydantic checks values by type; rules between keys are in `alert_rules`.
"""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from pipelines.alerts.config.alert_rules import find_problems
from pipelines.alerts.config.alert_values import (
    Fraction,
    Host,
    Limit,
    MailAddress,
    Name,
    Port,
    ReceiverKind,
    RuleKind,
    Security,
    Span,
    Variable,
    When,
)
from pipelines.errors import BadAlerts
from pipelines.telemetry.config.headers import is_usual_name
from pipelines.telemetry.config.tier import explain
from pipelines.telemetry.config.tier_places import TomlLines
from pipelines.telemetry.config.tier_rules import find_rows
from pipelines.telemetry.config.tier_values import (
    STRICT,
    Count,
    FilePath,
    HeaderMap,
    NonEmptyText,
    Url,
    Words,
)

EXAMPLE = "alerts.toml.example"


@dataclass(frozen=True, config=STRICT)
class AlertRule:
    """A condition on published tables. Which keys count depends on its kind."""

    name: Name
    kind: RuleKind
    send_to: tuple[Name, ...] = ()  # receivers; none means all
    sources: Words = ()
    hours: Span | None = None
    change: Fraction = 0.01
    target: NonEmptyText | None = None
    minutes: Span = 5.0
    service: NonEmptyText | None = None
    price: Literal["list", "cheapest", "modal"] = "list"
    margin: Fraction = 0.0
    usd: Limit | None = None
    per: Literal["day", "month"] = "month"
    of: Literal["tier", "market", "gateway"] = "tier"
    caller: NonEmptyText | None = None
    team: NonEmptyText | None = None
    key_alias: NonEmptyText | None = None
    claim: NonEmptyText | None = None
    basis: NonEmptyText = "all"


@dataclass(frozen=True, config=STRICT)
class Receiver:
    """Somebody who is notified: an address and how it is reached."""

    name: Name
    kind: ReceiverKind
    url: Url | None = None
    url_variable: Variable | None = None
    headers: HeaderMap = Field(default_factory=dict)  # header -> environment variable
    host: Host | None = None
    port: Port | None = None
    security: Security = "starttls"
    user_variable: Variable | None = None
    password_variable: Variable | None = None
    sender: MailAddress | None = Field(default=None, validation_alias="from")
    to: tuple[MailAddress, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that it names, without what may be a secret in their place."""
        named = (self.url_variable, self.user_variable, self.password_variable)
        return tuple(
            each for each in (*named, *self.headers.values()) if each and is_usual_name(each)
        )


@dataclass(frozen=True, config=STRICT)
class ScheduledReport:
    """Pages that are written into a folder at a time of the day or week."""

    name: Name
    when: When
    folder: FilePath
    pages: Words = ()  # besides the overview
    keep: Count = 10


@dataclass(frozen=True, config=STRICT)
class AlertsFile:
    """Content of the alerts file."""

    rules: tuple[AlertRule, ...] = Field(default=(), validation_alias="alert")
    receivers: tuple[Receiver, ...] = Field(default=(), validation_alias="receiver")
    reports: tuple[ScheduledReport, ...] = Field(default=(), validation_alias="report")

    def receivers_of(self, rule: AlertRule) -> tuple[Receiver, ...]:
        """Return the receivers of a rule: those that it names, or all."""
        return tuple(
            each for each in self.receivers if not rule.send_to or each.name in rule.send_to
        )


def read_alerts(path: Path) -> AlertsFile:
    """Read and check the alerts file; raise BadAlerts with all that is wrong, each with its line.

    Paths in it begin at its folder.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadAlerts(
            f"{path} does not exist. Copy {EXAMPLE} there, "
            "or let TOKENTIDE_ALERTS name another file."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadAlerts(
            f"{path} cannot be read: {error}. It must be a text file in UTF-8."
        ) from error
    return parse_alerts(text, path.name, path.parent)


def parse_alerts(text: str, name: str = "alerts.toml", folder: Path | None = None) -> AlertsFile:
    """Parse and check the text of an alerts file; raise BadAlerts with all that is wrong."""
    try:
        # Money must not pass through binary fractions.
        given = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise BadAlerts(f"{name} is not TOML: {error}. Correct that line first.") from error
    problems = list(find_problems(given))
    for row in find_rows(given, "report"):
        if folder and isinstance(row.get("folder"), str) and row["folder"].strip():
            row["folder"] = folder / row["folder"]
    try:
        alerts = TypeAdapter(AlertsFile).validate_python(given)
    except ValidationError as error:
        problems += [explain(each, EXAMPLE, ()) for each in error.errors(include_input=False)]
    if problems:
        lines = TomlLines(text)
        listed = sorted(
            (lines.find(each.table, each.index, each.key), each.sentence) for each in problems
        )
        raise BadAlerts("\n".join(f"{name}:{line}: {sentence}" for line, sentence in listed))
    return alerts
