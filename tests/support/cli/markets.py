"""SQL of small markets, for tests of what reads a published generation."""

from pathlib import Path

MARKET, TELEMETRY, CLAIM = (
    (Path(__file__).parent / f"{name}.sql").read_text() for name in ("market", "telemetry", "claim")
)
