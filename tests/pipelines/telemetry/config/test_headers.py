"""Headers of a target: values from the environment, which no message repeats."""

import pytest

from pipelines.errors import BadSetting
from pipelines.telemetry.config.headers import resolve_headers
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
