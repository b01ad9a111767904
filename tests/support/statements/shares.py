"""SQL of a published market: weekly shares of two countries, one claim, and the log of answers."""

from pathlib import Path

SHARES = Path(__file__).with_suffix(".sql").read_text()
