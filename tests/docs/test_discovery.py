"""The examples of docs/discovery.md are tier files."""

import re
from pathlib import Path
from typing import get_args

from pipelines.telemetry.config.discover import DiscoveryKind
from pipelines.telemetry.config.tier import parse_tier

PAGE = Path(__file__).parents[2] / "docs" / "discovery.md"


def test_each_kind_of_list_has_an_example_that_is_right() -> None:
    examples = re.findall(r"(?ms)^```toml\n(.*?)^```", PAGE.read_text())
    kinds = [discover.kind for text in examples for discover in parse_tier(text).discovers]
    assert kinds == list(get_args(DiscoveryKind))
