"""Verification finds whatever is damaged, says what is lost, and finds nothing in a whole home."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from support.cli.command import Command

from pipelines.errors import NothingArchived
from pipelines.settings import Settings
from pipelines.verification.verify import Verification, last_verification, verify

pytestmark = pytest.mark.slow
BODY, LOG = "raw/bodies/*/*.zst", "raw/answers/*.jsonl"
SEGMENT, RECORD = "raw/telemetry/scrapes/*/*.parquet", "raw/telemetry/tier/*/*.json"
WAITING, GENERATION = "spool/telemetry/*.parquet", "published/generation-000002.duckdb"
BLOCK = 256 * 1024
IN_WAREHOUSE = "a rebuild would lose them"


def flip(path: Path) -> None:
    """Change one bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def flip_blocks(path: Path) -> None:
    """Change one bit in each of DuckDB's blocks: a block that is free may be damaged unseen."""
    content = bytearray(path.read_bytes())
    for place in range(BLOCK // 2, len(content), BLOCK):
        content[place] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Take the last third away."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def spoil(path: Path) -> None:
    """Write something else into its beginning."""
    path.write_bytes(b"x" * 16 + path.read_bytes()[16:])


def damaged(found: Verification) -> dict[str, list[str]]:
    """Return what is damaged, with what is lost, by part."""
    return {
        part.name: [f"{each.what}: {each.reason}. {each.lost}" for each in part.damages]
        for part in found.parts
        if part.damages
    }


def test_a_whole_home_is_whole(whole_home: Settings) -> None:
    """Each part was looked at, what waits is no damage, and the record says so."""
    found = verify(whole_home)
    assert damaged(found) == {}
    assert {part.name: part.checked > 0 for part in found.parts} == dict.fromkeys(
        ("answers", "segments", "warehouse", "generations", "state", "claims"), True
    )
    record = last_verification(whole_home)
    assert record
    assert (record.damaged, record.is_quick) == (0, False)
    assert record.verified_at == found.verified_at


@pytest.mark.parametrize(
    ("pattern", "damage", "part", "lost"),
    [
        (BODY, flip, "answers", IN_WAREHOUSE),
        (BODY, cut, "answers", IN_WAREHOUSE),
        (BODY, Path.unlink, "answers", IN_WAREHOUSE),
        (LOG, Path.unlink, "answers", IN_WAREHOUSE),
        (LOG, spoil, "answers", "the record of one answer"),
        ("raw/origin", spoil, "answers", "nothing"),
        (SEGMENT, flip, "segments", IN_WAREHOUSE),
        (SEGMENT, cut, "segments", IN_WAREHOUSE),
        (SEGMENT, Path.unlink, "segments", IN_WAREHOUSE),
        (RECORD, flip, "segments", IN_WAREHOUSE),
        (WAITING, cut, "segments", "never loaded"),
        ("warehouse.duckdb", flip_blocks, "warehouse", "nothing"),
        ("warehouse.duckdb", cut, "warehouse", "nothing"),
        ("warehouse.duckdb", spoil, "warehouse", "nothing"),
        (GENERATION, flip_blocks, "generations", "nothing"),
        (GENERATION, cut, "generations", "nothing"),
        ("alerts.sqlite", spoil, "state", "notified of again"),
        ("requests.sqlite", spoil, "state", "the count of requests"),
        ("claims/*.toml", spoil, "claims", "this claim"),
    ],
)
def test_damage_is_found_in_its_part_alone(
    copied_home: Settings, pattern: str, damage: Callable[[Path], object], part: str, lost: str
) -> None:
    """The thing is named, and what is lost with it."""
    damage(sorted(copied_home.home.glob(pattern))[0])
    found = damaged(verify(copied_home))
    assert set(found) == {part}
    assert any(lost in text for text in found[part]), found


@pytest.mark.parametrize("pattern", [BODY, SEGMENT, "warehouse.duckdb", GENERATION])
def test_a_quick_check_finds_what_is_empty(copied_home: Settings, pattern: str) -> None:
    """It opens files and reads none whole."""
    path = sorted(copied_home.home.glob(pattern))[0]
    path.write_bytes(b"" if path.suffix != ".duckdb" else b"no database")
    assert len(verify(copied_home, is_quick=True).damages) == 1


def test_a_generation_that_is_another_one_is_found(copied_home: Settings) -> None:
    """A file under another's name would answer for it; a key that is doubled would be summed."""
    one, two = sorted(copied_home.published.glob("generation-*.duckdb"))
    shutil.copyfile(two, one)
    with duckdb.connect(str(two)) as con:
        con.execute("insert into marts.market_days from marts.market_days limit 1")
    found = damaged(verify(copied_home))["generations"]
    assert "it says that it is generation" in found[0]
    assert "marts.market_days has 1 keys" in found[1]


def test_a_damaged_history_of_runs_is_found(copied_home: Settings) -> None:
    """Dagster's files are part of the home."""
    path = copied_home.dagster / "storage" / "runs.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as con:
        con.execute("create table runs (id integer primary key, text text)")
        con.execute("insert into runs values (1, 'x')")
        con.commit()
    assert damaged(verify(copied_home)) == {}
    spoil(path)
    assert "history of runs" in damaged(verify(copied_home))["state"][0]


def test_an_empty_home_is_no_whole_one(tmp_path: Path) -> None:
    """Most often the name of the folder is wrong; nothing is made there."""
    with pytest.raises(NothingArchived, match="TOKENTIDE_HOME"):
        verify(Settings(home=tmp_path / "elsewhere"))
    assert list(tmp_path.iterdir()) == []


def test_the_command_names_damage_and_the_next_step(copied_home: Settings) -> None:
    """Exit code 1, one line for each, no traceback; for programs as JSON."""
    command = Command(copied_home.home)
    assert "whole" in command("verify", "--quick")
    sorted(copied_home.home.glob(BODY))[0].unlink()
    text = command("verify", code=1)
    assert "answers: 2 checked, damaged" in text
    assert "restore FOLDER --repair" in text
    assert "Traceback" not in text
    done = command.run("verify", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["damaged"]) == (1, 1)
    assert found["parts"][0]["damages"][0]["what"].startswith("answer ")
