"""The tier in the warehouse: exact, without secrets, each entry with the time in which it held."""

import json
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from support.telemetry_facts import START, TelemetryHome, scrape, tier

from pipelines.loading.telemetry.tier_file import keep_known, record_entries
from pipelines.telemetry.config.tier import parse_tier
from pipelines.telemetry.config.tier_records import TierEntry, TierRecord, write_record

WHOLE = """
[[target]]
name = "ours"
url = "http://a:1"
engine = "tokentide"
model_map = { tiny = "lab/tiny" }
headers = { Authorization = "VARIABLE" }
[[device_source]]
target = "ours"
kind = "npu-smi"
command = ["npu-smi", "info"]
[[cost]]
device_kind = "K"
capex_usd = 15999.10
amortisation_years = 4
idle_watts = 90
rated_watts = 400
[energy]
usd_per_kwh = 0.09
[slo]
ttft_ms = 500
tpot_ms = 50
[[peak]]
device_kind = "K"
dtype = "bf16"
tflops = 376
bandwidth_gbps = 1600
"""


def entries(home: TelemetryHome) -> dict[tuple[str, str], dict[str, object]]:
    rows = home.rows("select section, name, entry::varchar from raw.tier_file")
    return {(section, name): json.loads(entry) for section, name, entry in rows}


def test_every_table_of_the_file_is_recorded(home: TelemetryHome) -> None:
    """Money is text, since JSON numbers are binary fractions; devices come with their defaults."""
    home.load(tier=parse_tier(WHOLE))
    recorded = entries(home)
    assert recorded["target", "ours"] == {
        "name": "ours",
        "url": "http://a:1/metrics",
        "engine": "tokentide",
        "model_map": {"tiny": "lab/tiny"},
        "devices": 1,
        "device_kind": None,
        "scrape_seconds": 5.0,
        "families": [],
    }
    assert recorded["device_source", "ours"]["command"] == ["npu-smi", "info"]
    assert recorded["cost", "K"]["capex_usd"] == "15999.10"
    assert recorded["cost", "K"]["opex_usd_per_hour"] == "0"
    assert recorded["energy", ""] == {"usd_per_kwh": "0.09", "pue": 1.0}
    assert recorded["slo", ""] == {"ttft_ms": 500.0, "tpot_ms": 50.0}
    assert recorded["peak", "K"]["tflops"] == 376.0
    assert Decimal(str(recorded["cost", "K"]["capex_usd"])) == Decimal("15999.10")


def test_headers_are_not_recorded(home: TelemetryHome) -> None:
    """Not even the variable that has the secret is named."""
    home.load(tier=parse_tier(WHOLE))
    query = "select count(*) from raw.tier_file where entry::varchar like '%VARIABLE%'"
    assert home.rows(query) == [(0,)]


def test_loading_records_the_file(home: TelemetryHome) -> None:
    """Without one, the tier stays as it was."""
    home.load(tier=tier())
    assert list(entries(home)) == [("target", "t")]
    home.load()
    assert list(entries(home)) == [("target", "t")]


def test_recorded_entries_may_come_from_another_home(home: TelemetryHome) -> None:
    """An evidence bundle brings them along."""
    record_entries(home.con, [{"section": "slo", "name": "", "entry": '{"ttft_ms": 1}'}], START)
    assert entries(home) == {("slo", ""): {"ttft_ms": 1}}


def versions(home: TelemetryHome, section: str) -> list[tuple[object, ...]]:
    return home.rows(
        "select name, entry ->> '$.devices', valid_from, valid_to, origin, is_correction "
        f"from raw.tier_file where section = '{section}' order by name, valid_from nulls first"
    )


def say(home: TelemetryHome, minute: int, *names: str, **more: Any) -> Path:
    """Put a record of these targets into the spool, as of a minute after START."""
    devices = more.pop("devices", 1)
    entries = tuple(TierEntry("target", name, {"name": name, "devices": devices}) for name in names)
    at = START + timedelta(minutes=minute)
    return write_record(
        home.settings.tier_spool, TierRecord(at, more.pop("origin", "file"), entries, **more)
    )


def test_a_removed_target_ends_and_a_changed_one_begins(home: TelemetryHome) -> None:
    """The time of the load in which the file was read is when."""
    one = '[[target]]\nname = "{}"\nurl = "http://h:1"\nengine = "vllm"\n'
    home.load(tier=parse_tier(one.format("t") + one.format("u")))
    home.load(tier=tier(devices=2))
    [first, second, gone] = versions(home, "target")
    assert (first[:3], second[:2]) == (("t", "1", None), ("t", "2"))
    assert first[3] == second[2] == gone[3]
    assert (gone[:3], second[3:]) == (("u", "1", None), (None, "file", False))


def test_the_same_file_is_recorded_once(home: TelemetryHome) -> None:
    """A load that reads nothing new writes nothing; a record is no segment in the result."""
    assert home.load(tier=tier()).tier_records == 1
    loaded = home.load(tier=tier())
    assert (loaded.tier_records, loaded.segments) == (0, 0)
    assert home.rows("select kind, rows, outcome from raw.telemetry_segments") == [
        ("tier", 1, "loaded")
    ]
    assert len(list(home.folders.archive.glob("tier/*/*.json"))) == 1


def test_records_give_the_same_in_any_order(home: TelemetryHome, tmp_path: Path) -> None:
    """Of pods that come and go, of the file, and of a correction; a rebuild reads all at once."""
    found = "discovery pods"
    records: list[dict[str, Any]] = [
        {"minute": 0, "names": ["a", "b"], "is_whole": True},
        {"minute": 1, "names": ["p", "q"], "origin": found, "is_whole": True},
        {"minute": 2, "names": ["r"], "origin": found, "gone": (("target", "p"),)},
        {"minute": 3, "names": ["a"], "is_whole": True, "devices": 2},
        {"minute": 4, "names": ["a", "r"], "origin": found, "is_whole": True, "devices": 3},
        {"minute": 5, "names": ["a"], "origin": "correction", "devices": 4},
        {"minute": 6, "names": ["b"], "is_whole": True},
    ]
    tables = []
    for order in (records, records[::-1], records[3:] + records[:3]):
        other = TelemetryHome(tmp_path / str(len(tables)))
        with closing(other.con):
            for record in order:
                say(other, record["minute"], *record["names"], **_rest(record))
                other.load()
            tables.append(versions(other, "target"))
    for record in records:
        say(home, record["minute"], *record["names"], **_rest(record))
    home.load()
    assert [versions(home, "target")] * 3 == tables
    at = [START + timedelta(minutes=minute) for minute in range(7)]
    assert tables[0] == [
        ("a", "4", None, at[5], "correction", True),
        ("a", "2", at[5], at[6], "file", False),
        ("a", "3", at[6], None, found, False),
        ("b", "1", None, at[3], "file", False),
        ("b", "1", at[6], None, "file", False),
        ("p", "1", None, at[2], found, False),
        ("q", "1", None, at[4], found, False),
        ("r", "1", None, at[4], found, False),
        ("r", "3", at[4], None, found, False),
    ]


def _rest(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("minute", "names")}


def test_a_damaged_record_stays_where_it_is(home: TelemetryHome) -> None:
    """The others in its folder are loaded."""
    say(home, 0, "a")
    (home.settings.tier_spool / "20260822T000000000000Z-bad-000001.json").write_text("{}")
    loaded = home.load()
    assert (loaded.tier_records, len(loaded.unreadable)) == (1, 1)
    assert "ValueError" in loaded.unreadable[0][1]
    assert [name for name, *_ in versions(home, "target")] == ["a"]


def test_a_tier_from_before_there_were_records_is_written_down(home: TelemetryHome) -> None:
    """Otherwise a rebuild would not know what the past cost."""
    home.con.execute(
        "insert into raw.tier_file (section, name, entry, read_at) values "
        """('target', 't', '{"name": "t", "devices": 8}', $at),
        ('cost', 'K', '{"device_kind": "K"}', $at)""",
        {"at": START},
    )
    home.load(tier=tier(devices=1))
    [old, new] = versions(home, "target")
    assert (old[:3], new[1], new[2] == old[3], new[3]) == (("t", "8", None), "1", True, None)
    [cost] = versions(home, "cost")
    assert cost[3] == new[2]
    assert len(list(home.folders.archive.glob("tier/*/*.json"))) == 2


def test_a_clock_that_was_set_back_hides_no_change(home: TelemetryHome) -> None:
    """The file is newer than what was recorded of it, whatever the clock says."""
    say(home, 60 * 24 * 3650, "t", is_whole=True)
    home.load(tier=tier(devices=2))
    assert home.load(tier=tier(devices=2)).tier_records == 0
    assert [row[1] for row in versions(home, "target")] == ["1", "2"]


def test_what_was_known_at_an_instant(home: TelemetryHome) -> None:
    """Neither a later correction nor a later change; before all records, the oldest one."""
    say(home, 0, "a", is_whole=True)
    say(home, 10, "a", is_whole=True, devices=2)
    say(home, 20, "a", origin="correction", devices=2)
    home.load()
    keep_known(home.con, START + timedelta(minutes=15))
    at = START + timedelta(minutes=10)
    assert [row[1:4] for row in versions(home, "target")] == [("1", None, at), ("2", at, None)]
    keep_known(home.con, START - timedelta(days=1))
    assert [row[1:4] for row in versions(home, "target")] == [("1", None, None)]


def test_the_newest_version_says_how_a_target_is_scraped(home: TelemetryHome) -> None:
    """Also of one that is gone."""
    home.load(tier=tier(scrape_seconds=30))
    home.load(tier=tier(scrape_seconds=60))
    home.load([scrape(0, 1), scrape(170, 2)], tier=parse_tier(WHOLE))
    assert home.rows("select sum(covered_seconds) from ledger.coverage_minutes") == [(170,)]
