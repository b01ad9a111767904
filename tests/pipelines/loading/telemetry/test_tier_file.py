"""The tier file in the warehouse: exact, the newest one only, and without secrets."""

import json
from datetime import timedelta
from decimal import Decimal

from support.telemetry_facts import START, TelemetryHome, tier

from pipelines.loading.telemetry.tier_file import record_entries, record_tier
from pipelines.telemetry.config.tier import parse_tier

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
    record_tier(home.con, parse_tier(WHOLE), START)
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
    record_tier(home.con, parse_tier(WHOLE), START)
    query = "select count(*) from raw.tier_file where entry::varchar like '%VARIABLE%'"
    assert home.rows(query) == [(0,)]


def test_the_newest_file_replaces_the_one_before(home: TelemetryHome) -> None:
    """A target that is no longer in the file has no cost any more."""
    record_tier(home.con, parse_tier(WHOLE), START)
    record_tier(home.con, tier(), START + timedelta(hours=1))
    assert list(entries(home)) == [("target", "t")]
    assert home.rows("select distinct read_at from raw.tier_file") == [
        (START + timedelta(hours=1),)
    ]


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
