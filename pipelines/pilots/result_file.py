"""Result files of pilots: JSON in the spool, which the next load takes into the warehouse.

    spool/pilots/20261130T071016123456Z-pilot-9f2c61d04b1a.json

Nobody types a row: what the warehouse has of a pilot is this file.
"""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.pilot.result import FORMAT
from pipelines.files import write_durably

NEEDED = ("pilot_id", "started_at", "ended_at", "servers", "differences")
SCHEMA = pa.schema(
    [
        pa.field("pilot_id", pa.string(), nullable=False),
        pa.field("started_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("ended_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("result", pa.string(), nullable=False),
    ]
)


def write_result(folder: Path, result: dict[str, Any]) -> Path:
    """Write a result into the spool, named by its end and its content; return the file."""
    content = json.dumps(result, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
    ended_at = datetime.fromisoformat(result["ended_at"]).astimezone(UTC)
    digest = sha256(content).hexdigest()[:12]
    path = folder / f"{ended_at:%Y%m%dT%H%M%S%fZ}-pilot-{digest}.json"
    write_durably(path, content)
    return path


def read_result(path: Path) -> pa.Table:
    """Read a result file as a table of one row; raise ValueError if it is none."""
    result = json.loads(path.read_bytes())
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        raise ValueError("no result of a pilot, or one of a newer version")
    if missing := [name for name in NEEDED if not result.get(name)]:
        raise ValueError(f"a result of a pilot without {missing[0]}")
    row = {
        "pilot_id": str(result["pilot_id"]),
        "started_at": datetime.fromisoformat(result["started_at"]),
        "ended_at": datetime.fromisoformat(result["ended_at"]),
        "result": json.dumps(result, ensure_ascii=False, sort_keys=True),
    }
    return pa.Table.from_pylist([row], SCHEMA)
