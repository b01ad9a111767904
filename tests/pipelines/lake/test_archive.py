"""The archive of answers in S3: what several builders archived, each answer once."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.loading import AS_OF, DAY, keep_answer, rankings_body

from pipelines.archive import Archive
from pipelines.errors import MixedOrigins
from pipelines.lake.archive import ArchiveCopy, fetch_archive, store_archive
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings


def ids(settings: Settings) -> list[str]:
    """Return the answers of a home, whose bodies are all there."""
    archive = Archive(settings.archive)
    found = list(archive.answers())
    assert all(archive.has(answer.sha256) for answer in found)
    return sorted(answer.answer_id for answer in found)


def test_two_builders_come_to_the_same_archive(lake_settings: Settings, tmp_path: Path) -> None:
    """Both wrote to the log of one day; neither loses a line, and a second copy moves nothing."""
    assert lake_settings.services.spool
    store = ObjectStore(lake_settings.services.spool)
    first, second = (replace(lake_settings, home=tmp_path / name) for name in ("first", "second"))
    for number, home in enumerate((first, second)):
        at = AS_OF + 14 * DAY + number * DAY / 24
        keep_answer(Archive(home.archive), rankings_body(14, at), at)
    assert store_archive(first, store) == ArchiveCopy(1, 1)
    assert fetch_archive(second, store) == ArchiveCopy(1, 1)
    assert store_archive(second, store) == ArchiveCopy(1, 1)
    assert fetch_archive(first, store) == ArchiveCopy(1, 1)
    assert ids(first) == ids(second)
    assert len(ids(first)) == 2
    for home in (first, second):
        assert fetch_archive(home, store) == ArchiveCopy()
        assert store_archive(home, store) == ArchiveCopy()
    store.write("raw/origin", b"simulated\n")
    for copy in (store_archive, fetch_archive):
        with pytest.raises(MixedOrigins, match="TOKENTIDE_SPOOL"):
            copy(first, store)
