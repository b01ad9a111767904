"""OpenRouter's providers as rows of raw.providers."""

from support import payloads
from support.source_payloads import parse


def test_providers_become_a_row_each() -> None:
    """Unknown countries are null, not an empty list."""
    found = parse("providers", payloads.PROVIDERS).frames["raw.providers"].rows()
    assert found == [
        ("DeepInfra", "deepinfra", "US", '["US", "SG"]'),
        ("Nebula", "nebula", None, None),
    ]
