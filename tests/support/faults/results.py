"""Results of `make faults`, kept in a file that docs/promises.md is generated from."""

import json
from datetime import UTC, datetime
from pathlib import Path

from support.rules.source_files import ROOT

from pipelines.files import write_durably

RESULTS = ROOT / "docs" / "promises.json"


def record(name: str, **figures: float) -> None:
    """Replace the figures of one promise by those that were measured now."""
    path = Path(RESULTS)
    known = json.loads(path.read_text()) if path.exists() else {}
    known[name] = {"measured_on": f"{datetime.now(UTC):%Y-%m-%d}", **figures}
    text = json.dumps(dict(sorted(known.items())), indent=1)
    write_durably(path, f"{text}\n".encode())
