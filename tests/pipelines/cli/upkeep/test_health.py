"""Doctor says how old the last backup and the last verification are."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.cli.upkeep.health import check_upkeep
from pipelines.settings import Settings

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def findings(settings: Settings) -> list[tuple[str, bool, str]]:
    return [(each.what, each.is_well, each.found) for each in check_upkeep(settings, NOW)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "raw").mkdir()
    return Settings(home=tmp_path)


def test_a_home_that_was_never_backed_up_is_no_fault(settings: Settings, tmp_path: Path) -> None:
    """It is said how; an empty home has nothing to keep."""
    assert [is_well for _, is_well, _ in findings(settings)] == [True, True]
    assert "tokentide backup FOLDER" in findings(settings)[0][2]
    assert findings(Settings(home=tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("age", "is_well", "words"),
    [
        (timedelta(hours=3), True, "3 hours ago, in /b"),
        (timedelta(days=9), False, "9 days ago, in /b; run `tokentide backup /b`"),
    ],
)
def test_an_old_backup_is_a_fault(
    settings: Settings, age: timedelta, is_well: bool, words: str
) -> None:
    record = {"made_at": (NOW - age).isoformat(), "folder": "/b"}
    (settings.home / "last_backup.json").write_text(json.dumps(record))
    assert findings(settings)[0] == ("backup", is_well, words)


@pytest.mark.parametrize(
    ("damaged", "words"),
    [(0, "quickly, 2 days ago: whole"), (3, "quickly, 2 days ago: 3 damaged")],
)
def test_damage_that_was_found_is_a_fault(settings: Settings, damaged: int, words: str) -> None:
    """Until the next verification finds none."""
    record = {
        "verified_at": (NOW - timedelta(days=2)).isoformat(),
        "damaged": damaged,
        "is_quick": True,
    }
    (settings.home / "verified.json").write_text(json.dumps(record))
    what, is_well, found = findings(settings)[1]
    assert (what, is_well) == ("verification", not damaged)
    assert found.startswith(words)


def test_a_damaged_record_is_as_none(settings: Settings) -> None:
    for name in ("last_backup.json", "verified.json"):
        (settings.home / name).write_text('{"made_at": 1')
    assert [is_well for _, is_well, _ in findings(settings)] == [True, True]
