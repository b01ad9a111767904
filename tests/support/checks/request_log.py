"""The eight failures of an upstream, done to a segment of our server's request log."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
from support.checks.pages import Observed
from support.telemetry_facts import START, TelemetryHome

from models.server.usage_log import UsageEvent, UsageLog

TOKENS = 5


def observe_log(failure: str, folder: Path) -> Observed:
    """Load a whole segment, then one with this failure; `growth` is the tokens that are known."""
    home = TelemetryHome(folder)
    [first] = _log(home, 1)
    content = first.read_bytes()
    home.load()
    if failure == "late":
        # Its requests came before those that are loaded.
        _log(home, 2, START - timedelta(hours=5))
    elif failure == "zeroed":
        _log(home, 2, tokens=0)
    elif failure == "yesterday's copy":
        _log(home, 1)
    else:
        [path] = _log(home, 2)
        SEGMENTS[failure](path, content)
    loaded = home.load()
    rows = home.rows(OUTCOME)
    [(tokens,)] = home.rows("select sum(completion_tokens) from raw.request_events")
    home.con.close()
    if loaded.unreadable:
        return Observed("unreadable", rows[0][1].partition(":")[0], tokens)
    is_new = loaded.segments and loaded.requests
    return Observed(rows[0][0] if is_new or loaded.repeated else "unchanged", "", tokens)


OUTCOME = (
    "select outcome, reason from raw.telemetry_segments "
    "order by outcome = 'unreadable' desc, outcome = 'repeated' desc, loaded_at desc"
)


def _log(
    home: TelemetryHome, number: int, at: datetime = START, tokens: int = TOKENS
) -> list[Path]:
    """Write a segment of one request; return its file."""
    event = UsageEvent(
        request_id=f"request-{number}",
        model="m",
        arrival_at=at,
        first_token_at=at,
        last_token_at=at + timedelta(seconds=1),
        prompt_tokens=7,
        cached_tokens=0,
        completion_tokens=tokens,
        draft_tokens=0,
        accepted_tokens=0,
        outcome="finished",
        finish_reason="stop",
        device="cpu",
    )
    folder = home.settings.request_spool
    before = set(folder.glob("*.arrow"))
    spool = UsageLog(folder)
    spool.add(event)
    spool.write()
    return sorted(set(folder.glob("*.arrow")) - before)


def _change_types(path: Path, _: bytes) -> None:
    with pa.ipc.open_file(path) as reader:
        table = reader.read_all()
    words = pa.array(["many"] * table.num_rows)
    place = table.schema.get_field_index("completion_tokens")
    table = table.set_column(place, "completion_tokens", words)
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


SEGMENTS: dict[str, Callable[[Path, bytes], object]] = {
    "none": lambda path, first: None,
    "empty": lambda path, first: path.write_bytes(b""),
    "short": lambda path, first: path.write_bytes(path.read_bytes()[:200]),
    "duplicated": lambda path, first: path.write_bytes(first),
    "changed types": _change_types,
    "vanished history": lambda path, first: path.unlink(),
}
