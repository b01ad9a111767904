"""Kinds of values in the tier file, as types that pydantic checks."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
)
from pydantic_core import PydanticCustomError
from yarl import URL

EngineName = Literal[
    "tokentide",
    "vllm",
    "sglang",
    "mindie",
    "llamacpp",
    "tgi",
    "lmdeploy",
    "ollama",
    "dynamo",
    "trtllm",
    "triton",
    "litellm",
]
SourceKind = Literal[
    "npu-exporter",
    "dcgm",
    "npu-smi",
    "tokentide",
    "nvidia-smi",
    "amd",
    "trtllm-energy",
    "prometheus",
    "kepler",
]
SCRAPE_SECONDS = 5.0
# It is the name of a folder too.
TeamName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
# A wrong value may hold a password, so pydantic must not show it.
STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)


def require_number(value: Any) -> Any:
    """Refuse texts and booleans, which pydantic would turn into numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number", "should be a number")
    return value


def _require_url(value: str) -> str:
    try:
        url = URL(value)
    except ValueError:
        url = URL()
    has_port = url.explicit_port != 0  # those above 65535 make no address
    is_web = url.scheme in {"http", "https"} and url.host and has_port
    if not is_web or any(each.isspace() for each in value):
        raise PydanticCustomError(
            "url", "should be an http or https address, such as http://127.0.0.1:8000/metrics"
        )
    if "@" in url.raw_authority:
        raise PydanticCustomError(
            "url", "must not carry a password; name an environment variable under headers instead"
        )
    return value


def _add_metrics_path(url: str) -> str:
    scheme, rest = url.split("://", 1)
    rest = rest.rstrip("/")
    return f"{scheme}://{rest}" if "/" in rest else f"{scheme}://{rest}/metrics"


# RFC 9110's token, and what a shell can set.
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def is_header_reference(header: object, variable: object) -> bool:
    """Tell whether this is a header's name with a variable's name, and not with a value."""
    return (
        isinstance(header, str)
        and isinstance(variable, str)
        and bool(HEADER.fullmatch(header) and VARIABLE.fullmatch(variable))
    )


def _require_variables(headers: Any) -> Any:
    """Refuse values in place of variables' names. The message must repeat neither."""
    texts = (
        [pair for pair in headers.items() if isinstance(pair[1], str)]
        if isinstance(headers, dict)
        else []
    )
    if not all(is_header_reference(header, variable) for header, variable in texts):
        raise PydanticCustomError(
            "headers",
            "should name the environment variable that has a header's value, such as "
            '{ Authorization = "OURS_AUTHORIZATION" }; a value itself does not belong here',
        )
    return headers


def _normalise_indices(value: Any) -> Any:
    """Return indices as texts: 0 and "0" name a device, "0/7" and "0:7" an instance of it."""
    if not isinstance(value, list | tuple):
        return value
    if any(isinstance(each, bool) or not isinstance(each, int | str) for each in value):
        raise PydanticCustomError("indices", "should be whole numbers or texts such as 0 or '0/7'")
    return tuple(str(each).strip().replace(":", "/") for each in value)


def _require_file_name(value: Any) -> Any:
    if not isinstance(value, str | Path) or not str(value).strip():
        raise PydanticCustomError("file", "should be the path of a file")
    return Path(value)


NonEmptyText = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
Words = Annotated[tuple[NonEmptyText, ...], Field(min_length=1)]
TextMap = dict[NonEmptyText, NonEmptyText]
HeaderMap = Annotated[TextMap, BeforeValidator(_require_variables)]
Indices = Annotated[Words, BeforeValidator(_normalise_indices)]
FilePath = Annotated[Path, BeforeValidator(_require_file_name)]
Url = Annotated[NonEmptyText, AfterValidator(_require_url)]
MetricsUrl = Annotated[Url, AfterValidator(_add_metrics_path)]

Count = Annotated[StrictInt, Field(ge=1)]
Number = Annotated[float, BeforeValidator(require_number), Field(gt=0, allow_inf_nan=False)]
ScrapeSeconds = Annotated[
    float, BeforeValidator(require_number), Field(ge=0.1, le=3600, allow_inf_nan=False)
]
PowerOverhead = Annotated[Number, Field(ge=1)]  # all power over the power of the machines
Usd = Annotated[Decimal, BeforeValidator(require_number), Field(gt=0)]
# Energy may be in the rent, and hardware that is paid for may cost nothing to run.
UsdOrNothing = Annotated[Decimal, BeforeValidator(require_number), Field(ge=0)]
