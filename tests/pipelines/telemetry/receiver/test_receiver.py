"""Confirmed samples are in a segment: after a kill, a full disk, an end by a signal."""

import asyncio
from pathlib import Path

from support.collecting import of_metric, read_rows
from support.full_disk import full_disk
from support.receiver.receiving import (
    LIMITS,
    NOW_MS,
    folders_of,
    receiving,
    shorter,
    tokens_page,
    wait_until,
    write_request,
)

from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.receiver.bodies import PushedBody
from pipelines.telemetry.receiver.receiver import PushReceiver

LATER = shorter(LIMITS, settle_seconds=60, segment_seconds=60)


def journals(home: Path) -> list[Path]:
    return sorted((home / "spool/received").glob("*.journal"))


def test_a_killed_receiver_is_taken_over(tmp_path: Path) -> None:
    """Its journals become segments, whole pages of both, and go."""

    async def take_in_and_vanish() -> None:
        receiver = PushReceiver(Tier(), folders_of(tmp_path), LATER)
        for number in range(3):
            body = write_request(tokens_page(number, NOW_MS + number * 1000))
            await receiver.accept(PushedBody("remote write 1.0", "snappy", body))

    asyncio.run(take_in_and_vanish())
    assert len(journals(tmp_path)) == 1
    assert not list((tmp_path / "spool/telemetry").glob("2*"))
    with receiving(tmp_path, limits=LATER) as running:
        wait_until(lambda: running.receiver.tally.recovered == 12)
    rows = read_rows(tmp_path / "spool/telemetry")
    assert sorted(row["value"] for row in of_metric(rows, "generation_tokens")) == [0, 1, 2]
    assert journals(tmp_path) == []


def test_journals_go_with_the_pages_that_they_have(tmp_path: Path) -> None:
    """A page that is still open keeps its journal beyond the segment of another."""
    with receiving(tmp_path, limits=shorter(LIMITS, settle_seconds=1.0)) as running:
        running.write(write_request(tokens_page(1)))
        wait_until(lambda: running.receiver.tally.segments == 1)
        running.write(write_request(tokens_page(2, NOW_MS + 1000)))
        assert any(path.stat().st_size for path in journals(tmp_path))
        wait_until(lambda: running.receiver.tally.segments == 2)
        wait_until(lambda: not any(path.stat().st_size for path in journals(tmp_path)))
    assert journals(tmp_path) == []


def test_nothing_is_lost_on_a_full_disk(tmp_path: Path) -> None:
    """Samples wait, senders too; both go on once there is room."""
    with receiving(tmp_path, limits=LIMITS) as running:
        with full_disk():
            assert running.write(write_request(tokens_page(0))).status_code == 503
        assert running.write(write_request(tokens_page(1))).status_code == 204
        with full_disk():
            wait_until(lambda: not running.receiver.tally.is_writing_well)
            assert running.write(write_request(tokens_page(2, NOW_MS + 1000))).status_code == 503
        wait_until(lambda: running.receiver.tally.is_writing_well)
        assert running.write(write_request(tokens_page(2, NOW_MS + 1000))).status_code == 204
    tokens = of_metric(read_rows(tmp_path / "spool/telemetry"), "generation_tokens")
    assert sorted(row["value"] for row in tokens) == [1, 2]


def test_the_same_request_again_is_the_same_sample(tmp_path: Path) -> None:
    """A sender repeats what it got no answer to."""
    body = write_request(tokens_page(7))
    with receiving(tmp_path, limits=LATER) as running:
        for _ in range(3):
            assert running.write(body).status_code == 204
    tokens = of_metric(read_rows(tmp_path / "spool/telemetry"), "generation_tokens")
    assert [row["value"] for row in tokens] == [7]
