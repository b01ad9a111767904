"""The eight failures of an upstream, done to an export of a gateway's spend log."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from support.checks.pages import Observed
from support.spend.litellm_log import START, Row, spend_row, write_lines
from support.telemetry_facts import TelemetryHome

from models.server.access.callers import Pseudonyms
from pipelines.errors import BadSetting
from pipelines.telemetry.spend.spend_log import read_spend_log

Rows = list[Row]
FIRST, NEXT = 4, 4  # requests of the first export, and those that the next one has more
TOKENS = 20
FAILURES: dict[str, Callable[[Rows], Rows]] = {
    "none": lambda rows: rows,
    "empty": lambda rows: [],
    "short": lambda rows: rows[: FIRST + 1],
    "late": lambda rows: rows[:FIRST],
    "duplicated": lambda rows: rows + rows,
    "yesterday's copy": lambda rows: rows[:FIRST],
    "zeroed": lambda rows: [{**row, "completion_tokens": 0} for row in rows],
    "changed types": lambda rows: [{**row, "completion_tokens": "many"} for row in rows],
    "vanished history": lambda rows: rows[FIRST:],
}


def observe_spend(failure: str, folder: Path) -> Observed:
    """Load an export, then the next with this failure; `growth` is the requests that are known."""
    home = TelemetryHome(folder / "home")
    rows = [spend_row(number, seconds=number) for number in range(FIRST + NEXT)]
    _load(home, write_lines(folder / "first.jsonl", *rows[:FIRST]))
    try:
        new, rejects = _load(home, write_lines(folder / "next.jsonl", *FAILURES[failure](rows)))
    except BadSetting:
        return Observed("refused", "cannot be read", FIRST)
    [(requests, tokens)] = home.rows(
        "select count(*), sum(completion_tokens) / 20.0 from raw.spend_events"
    )
    home.con.close()
    assert tokens in (requests, FIRST)
    if rejects:
        return Observed("quarantined", rejects, requests)
    return Observed("loaded" if new else "unchanged", "", requests)


def _load(home: TelemetryHome, path: Path) -> tuple[int, str]:
    """Return how many requests are new, and why lines are none."""
    folder = home.settings.spend_spool
    folder.mkdir(parents=True, exist_ok=True)

    def store(name: str, content: bytes) -> None:
        (folder / name).write_bytes(content)

    before = _count(home)
    now = START + timedelta(days=1)
    result = read_spend_log(path, "g", Pseudonyms(bytes(32)), now, store)
    home.load()
    reasons = sorted({reason for _, reason in result.rejects})
    return _count(home) - before, ", ".join(reasons)


def _count(home: TelemetryHome) -> int:
    [(found,)] = home.rows("select count(*) from raw.spend_events")
    return int(found)
