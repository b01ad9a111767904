"""A home to load telemetry into."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.telemetry_facts import TelemetryHome


@pytest.fixture
def home(tmp_path: Path) -> Iterator[TelemetryHome]:
    """Return a fresh home, and close its warehouse at the end."""
    home = TelemetryHome(tmp_path)
    with closing(home.con):
        yield home
