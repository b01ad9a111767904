"""`tokentide serve` with its engine, killed at any instant while clients ask it."""

from contextlib import closing
from pathlib import Path

import pytest
from support.faults.forks import Instants
from support.faults.processes import wait_until_none_is_left
from support.faults.results import record
from support.faults.serving import Replies, serving
from support.loading import fresh_warehouse
from support.tier import tiny_checkpoint

from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.loading.telemetry.segments import load_segments
from pipelines.settings import Settings

pytestmark = pytest.mark.slow
# Of the engine after its server was killed: it ends with the step that it makes.
ORPHAN_SECONDS = 20.0
ASKED_SECONDS = 1.0


def events(settings: Settings) -> dict[str, int]:
    """Return how often each request is in what the warehouse has of the usage log."""
    with closing(fresh_warehouse()) as con:
        assert not load_segments(con, SpoolFolders.of(settings)).unreadable
        found = con.sql("select request_id, count(*) from raw.request_events group by all")
        return dict(found.fetchall())


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(1, id="few"),
        pytest.param(40, id="many", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
    ],
)
def test_a_killed_server_has_logged_what_it_answered(tmp_path: Path, kills: int) -> None:
    """A request whose client had its whole reply is in the log once; the next start serves.

    Every other kill falls at any instant from the launch on, when no engine may be there yet.
    """
    checkpoint, home = tiny_checkpoint(tmp_path / "model"), tmp_path / "home"
    instants, served, start_seconds = Instants(19, ASKED_SECONDS), list[Replies](), 1.0
    for number in range(kills):
        is_ready_first = number % 2 == 0
        seconds = instants() * (1 if is_ready_first else start_seconds + ASKED_SECONDS)
        with serving(checkpoint, home) as server:
            served.append(server.until_killed(seconds, is_ready_first=is_ready_first))
        start_seconds = served[-1].start_seconds or start_seconds
        wait_until_none_is_left(home, ORPHAN_SECONDS)
    with serving(checkpoint, home) as server:
        served.append(server.until_asked(ASKED_SECONDS))
    wait_until_none_is_left(home, ORPHAN_SECONDS)
    assert all(each.was_killed for each in served[:-1])
    assert served[-1].confirmed
    confirmed = {name for each in served for name in each.confirmed}
    found = events(Settings(home))
    assert confirmed <= set(found)
    assert set(found.values()) == {1}
    assert len(found) <= sum(each.sent for each in served)
    if kills > 1:
        record("serve", kills=kills, writes=len(confirmed))
