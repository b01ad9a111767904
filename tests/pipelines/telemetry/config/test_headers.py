"""Headers of a target: values from the environment, which no message repeats."""

import pytest

from pipelines.errors import BadSetting, TokentideError
from pipelines.telemetry.config.headers import resolve_headers, resolve_options
from pipelines.telemetry.config.tier import parse_tier

TIER = """
[[target]]
name = "a"
url = "http://h:1/metrics"
engine = "vllm"
headers = { Authorization = "TOKEN", "X-Key" = "KEY" }

[[target]]
name = "b"
url = "http://h:2/metrics"
engine = "vllm"
"""


def test_a_header_has_the_value_of_its_variable() -> None:
    """A target without headers is not listed."""
    resolved = resolve_headers(parse_tier(TIER), {"TOKEN": "Bearer s3cret", "KEY": "k"})
    assert resolved == {"a": {"Authorization": "Bearer s3cret", "X-Key": "k"}}


@pytest.mark.parametrize(
    ("variables", "problems"),
    [
        (
            {"TOKEN": "s3cret\n"},
            [
                "TOKEN, for the header Authorization of a, holds characters that no header has; "
                "copy it again.",
                "KEY, for the header X-Key of a, is not set; put it into the environment or .env.",
            ],
        ),
        (
            {"TOKEN": "Bearer s3cret", "KEY": "schlüssel"},
            ["KEY, for the header X-Key of a, holds characters that no header has; copy it again."],
        ),
        (
            {"TOKEN": "Bearer s3cret", "KEY": ""},
            ["KEY, for the header X-Key of a, is not set; put it into the environment or .env."],
        ),
    ],
)
def test_variables_that_cannot_be_used_are_reported_together(
    variables: dict[str, str], problems: list[str]
) -> None:
    """Each by its name; a value, right or wrong, is in no message."""
    with pytest.raises(BadSetting) as raised:
        resolve_headers(parse_tier(TIER), variables)
    assert str(raised.value).split("\n") == problems
    assert not [value for value in variables.values() if value and value in str(raised.value)]


def test_a_device_source_has_headers_too() -> None:
    tier = parse_tier(
        TIER + '[[device_source]]\ntarget = "b"\nkind = "dcgm"\nurl = "http://h:3/metrics"\n'
        'headers = { Authorization = "EXPORTER_TOKEN" }\n'
    )
    variables = {"TOKEN": "t", "KEY": "k", "EXPORTER_TOKEN": "e"}
    [source] = tier.device_sources
    assert resolve_headers(tier, variables)[source.key] == {"Authorization": "e"}


@pytest.mark.parametrize(
    "value",
    [
        "Bearer s3cret",
        "hf_AbCdEfGhIjKlMnOp",
        "sk-1234567890abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "s3cret",
        "$TOKEN",
        "dXNlcjpwYXNz==",
    ],
)
def test_a_value_in_place_of_a_variable_is_refused_and_not_repeated(value: str) -> None:
    """The file shows it, or else the environment, which has no such variable."""
    text = TIER.replace('"TOKEN"', f'"{value}"')
    with pytest.raises(TokentideError) as raised:
        resolve_headers(parse_tier(text), {"KEY": "k"})
    assert value not in str(raised.value)
    with pytest.raises(BadSetting) as raised_option:
        resolve_options([f"Authorization={value}"], {})
    assert value not in str(raised_option.value)


def test_options_name_variables() -> None:
    assert resolve_options(["Authorization=PROM", "X = KEY"], {"PROM": "p", "KEY": "k"}) == {
        "Authorization": "p",
        "X": "k",
    }
    with pytest.raises(BadSetting, match="PROM_TOKEN, for the header Authorization of --history"):
        resolve_options(["Authorization=PROM_TOKEN"], {})
