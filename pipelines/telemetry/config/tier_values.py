"""Kinds of values in the tier file, as types that pydantic checks."""

from decimal import Decimal
from typing import Annotated, Any

import httpx
from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StringConstraints
from pydantic_core import PydanticCustomError


def _require_number(value: Any) -> Any:
    """Refuse texts and booleans, which pydantic would turn into numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number", "should be a number")
    return value


def _require_url(value: str) -> str:
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        url = httpx.URL()
    is_web = url.scheme in {"http", "https"} and url.host and url.port != 0
    if not is_web or any(each.isspace() for each in value):
        raise PydanticCustomError(
            "url", "should be an http or https address, such as http://127.0.0.1:8000/metrics"
        )
    if url.userinfo:
        raise PydanticCustomError(
            "url", "must not carry a password; name an environment variable under headers instead"
        )
    return value


def _add_metrics_path(url: str) -> str:
    scheme, rest = url.split("://", 1)
    rest = rest.rstrip("/")
    return f"{scheme}://{rest}" if "/" in rest else f"{scheme}://{rest}/metrics"


NonEmptyText = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
Words = Annotated[tuple[NonEmptyText, ...], Field(min_length=1)]
TextMap = dict[NonEmptyText, NonEmptyText]
Url = Annotated[NonEmptyText, AfterValidator(_require_url)]
MetricsUrl = Annotated[Url, AfterValidator(_add_metrics_path)]

Count = Annotated[StrictInt, Field(ge=1)]
Number = Annotated[float, BeforeValidator(_require_number), Field(gt=0, allow_inf_nan=False)]
ScrapeSeconds = Annotated[
    float, BeforeValidator(_require_number), Field(ge=0.1, le=3600, allow_inf_nan=False)
]
PowerOverhead = Annotated[Number, Field(ge=1)]  # all power over the power of the machines
Usd = Annotated[Decimal, BeforeValidator(_require_number), Field(gt=0)]
# Energy may be in the rent, and hardware that is paid for may cost nothing to run.
UsdOrNothing = Annotated[Decimal, BeforeValidator(_require_number), Field(ge=0)]
