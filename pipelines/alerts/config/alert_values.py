"""Kinds of values in the alerts file, as types that pydantic checks."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from pipelines.telemetry.config.headers import is_usual_name
from pipelines.telemetry.config.tier_values import NonEmptyText, require_number

RuleKind = Literal[
    "source_silent",
    "day_late",
    "restatement",
    "target_down",
    "cost_above_market",
    "budget_passed",
    "claim_flipped",
]
ReceiverKind = Literal["webhook", "slack", "email"]
Security = Literal["starttls", "tls", "none"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WHEN = re.compile(rf"(daily|{'|'.join(WEEKDAYS)}) ([01]\d|2[0-3]):([0-5]\d)")
# Part of a file's name, and of every row and notification.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
ADDRESS = re.compile(r"[^@\s<>,;]{1,64}@[^@\s<>,;]{1,190}")
HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}")


def _passes(test: Callable[[str], Any], kind: str, words: str) -> AfterValidator:
    """Refuse a text that fails a test; the message does not repeat it."""

    def check(value: str) -> str:
        if not test(value):
            raise PydanticCustomError(kind, words)
        return value

    return AfterValidator(check)


def _require_fraction(value: Any) -> Any:
    """Refuse what is no share of 1."""
    if require_number(value) < 0:
        raise PydanticCustomError("fraction", "should be 0 or more, such as 0.05 for 5 %")
    return value


Name = Annotated[
    NonEmptyText,
    _passes(NAME.fullmatch, "name", "should have letters, digits, - and _ only, at most 64"),
]
# In capitals, as people write them, so that a secret in its place is refused and not repeated.
Variable = Annotated[
    NonEmptyText,
    _passes(
        is_usual_name,
        "variable",
        "should be the name of an environment variable in capitals, such as OPS_WEBHOOK_URL; "
        "a secret itself does not belong here",
    ),
]
When = Annotated[
    NonEmptyText,
    _passes(WHEN.fullmatch, "when", 'should be "daily 08:00" or "monday 08:00", in UTC'),
]
MailAddress = Annotated[
    NonEmptyText,
    _passes(ADDRESS.fullmatch, "address", "should be a mail address, such as ops@example.org"),
]
Host = Annotated[
    NonEmptyText,
    _passes(HOST.fullmatch, "host", "should be the name of a host, such as smtp.example.org"),
]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Fraction = Annotated[float, BeforeValidator(_require_fraction), Field(allow_inf_nan=False)]
Span = Annotated[float, BeforeValidator(require_number), Field(gt=0, le=8760, allow_inf_nan=False)]
Limit = Annotated[Decimal, BeforeValidator(require_number), Field(gt=0, allow_inf_nan=False)]
