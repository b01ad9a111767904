"""The journal: confirmed bodies are there after a kill, and cut ones never were confirmed."""

import asyncio
from pathlib import Path

import pytest
from support.full_disk import full_disk

from pipelines.telemetry.receiver.bodies import PushedBody
from pipelines.telemetry.receiver.journal import BodyJournal, read_journal

BODIES = [PushedBody("remote write 1.0", "snappy", b"one"), PushedBody("OTLP", "gzip", b"two")]


def test_bodies_come_back_in_order(tmp_path: Path) -> None:
    """Also those before a record that was cut or damaged."""

    async def write() -> None:
        journal = BodyJournal(tmp_path)
        for body in BODIES:
            journal.append(body)
        await journal.sync()

    asyncio.run(write())
    [path] = BodyJournal(tmp_path).left()[:1]
    content = path.read_bytes()
    assert list(read_journal(path)) == BODIES
    for cut in (content[:-1], content[:-5] + b"xxxxx", content + b"\x01", content + b"\xff" * 20):
        path.write_bytes(cut)
        assert list(read_journal(path)) == (BODIES if cut.startswith(content) else BODIES[:1])


def test_many_who_wait_share_a_sync_and_files_end_in_time(tmp_path: Path) -> None:
    """A file that is rotated is on disk; those before a number go."""

    async def write() -> None:
        journal = BodyJournal(tmp_path)

        async def keep(body: PushedBody) -> None:
            journal.append(body)
            await journal.sync()

        await asyncio.gather(*(keep(BODIES[0]) for _ in range(50)), journal.rotate())
        journal.append(BODIES[1])
        await journal.rotate()
        first, second = sorted(tmp_path.glob("*.journal"))[:2]
        assert (len(list(read_journal(first))), list(read_journal(second))) == (50, BODIES[1:])
        journal.remove_before(2)
        assert not first.exists()
        journal.remove_before(3)
        journal.close()
        assert not list(tmp_path.glob("*.journal"))

    asyncio.run(write())


def test_a_full_disk_leaves_nothing_of_a_body(tmp_path: Path) -> None:
    """Bodies before and after it are read."""

    async def write() -> None:
        journal = BodyJournal(tmp_path)
        journal.append(BODIES[0])
        with full_disk(), pytest.raises(OSError, match="too large"):
            journal.append(PushedBody("OTLP", "", bytes(5000)))
        journal.append(BODIES[1])
        await journal.sync()

    asyncio.run(write())
    [path] = tmp_path.glob("*.journal")
    assert list(read_journal(path)) == BODIES
