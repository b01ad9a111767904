"""Records of the tier: written whole, read with care, without secrets."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pipelines.telemetry.config import tier_records
from pipelines.telemetry.config.tier import parse_tier
from pipelines.telemetry.config.tier_records import (
    TierEntry,
    TierRecord,
    hide_values,
    read_record,
    target_entry,
    tier_entries,
    write_record,
)

AT = datetime(2026, 8, 22, 7, 10, tzinfo=UTC)
TEXT = """
[[target]]
name = "ours"
url = "http://a:1"
engine = "vllm"
headers = { Authorization = "VARIABLE" }
ca_file = "ca.pem"
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
[[peak]]
device_kind = "K"
dtype = "bf16"
tflops = 376
bandwidth_gbps = 1600
[energy]
usd_per_kwh = 0.09
[slo]
ttft_ms = 500
tpot_ms = 50
"""
DOCUMENT: dict[str, Any] = {"at": AT.isoformat(), "origin": "file", "entries": []}


def record(**changes: Any) -> TierRecord:
    entries = tier_entries(parse_tier(TEXT, folder=Path("/etc")))
    return TierRecord(**{"at": AT, "origin": "file", "entries": entries, **changes})


@pytest.mark.parametrize(
    "written",
    [
        record(is_whole=True),
        record(origin="discovery k8s", gone=(("target", "pod-1"), ("device_source", "pod-1"))),
        record(origin="correction", holds_from=AT - timedelta(days=30)),
        record(entries=()),
    ],
)
def test_what_is_written_is_read(tmp_path: Path, written: TierRecord) -> None:
    """Nothing is lost between the two."""
    assert read_record(write_record(tmp_path / "tier", written)) == written


def test_names_sort_by_time_of_writing(tmp_path: Path) -> None:
    """Several writers share the folder; nothing unfinished stays in it."""
    written = [write_record(tmp_path, record()) for _ in range(5)]
    assert sorted(tmp_path.iterdir()) == written


def test_no_secret_is_written(tmp_path: Path) -> None:
    """Neither the variable of a header nor a file of certificates is named; money is text."""
    text = write_record(tmp_path, record()).read_text()
    assert "VARIABLE" not in text
    assert "ca.pem" not in text
    assert '"capex_usd": "15999.10"' in text


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://a:1/metrics", "http://a:1/metrics"),
        ("http://a:1/metrics?", "http://a:1/metrics?"),
        ("http://a:1/m?token=abc&x=", "http://a:1/m?token=~ba7816bf&x="),
        ("http://a:1/m?abc", "http://a:1/m?~ba7816bf"),
        ("http://a:1/m?a=b==#c", "http://a:1/m?a=~6a04995b"),
    ],
)
def test_a_value_of_a_query_is_a_digest(url: str, kept: str) -> None:
    """It may be a token; another one gives another digest, so that a change is seen."""
    assert hide_values(url) == kept


def test_every_table_is_an_entry() -> None:
    """A section and a name; parts tell apart what shares them."""
    found = tier_entries(parse_tier(TEXT, folder=Path("/etc")))
    assert [(each.section, each.name, each.part) for each in found] == [
        ("target", "ours", ""),
        ("device_source", "ours", "npu-smi info"),
        ("cost", "K", ""),
        ("peak", "K", "bf16"),
        ("energy", "", ""),
        ("slo", "", ""),
    ]
    assert found[0] == target_entry(parse_tier(TEXT, folder=Path("/etc")).targets[0])


def test_instants_are_utc(tmp_path: Path) -> None:
    """An offset is taken into account."""
    path = write_record(tmp_path, record(at=AT.astimezone(timezone(timedelta(hours=8)))))
    assert read_record(path).at.isoformat() == "2026-08-22T07:10:00+00:00"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        b'{"at": NaN}',
        *(
            json.dumps({**DOCUMENT, **changes}).encode()
            for changes in (
                {"at": None},
                {"at": "yesterday"},
                {"at": "2026-08-22T07:10:00"},
                {"at": "0001-01-01T00:00:00+14:00"},
                {"origin": "somebody"},
                {"origin": "discovery "},
                {"is_whole": "yes"},
                {"holds_from": AT.isoformat()},
                {"entries": None},
                {"entries": [{"section": "target", "name": "a"}]},
                {"entries": [{"section": "targets", "name": "a", "entry": {}}]},
                {"entries": [{"section": "target", "name": "a" * 1_001, "entry": {}}]},
                {"entries": [{"section": "target", "name": "a", "entry": {}}] * 2},
                {"entries": [{"section": "target", "name": "\ud800", "entry": {}}]},
                {"gone": [["target"]]},
            )
        ),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    """A file in the folder need not come from us."""
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_record(path)


def test_the_size_is_bounded(tmp_path: Path) -> None:
    """A mistake must not fill the memory."""
    path = tmp_path / "record.json"
    with path.open("wb") as file:
        file.truncate(tier_records.MAX_BYTES + 1)
    with pytest.raises(ValueError, match="at most"):
        read_record(path)


def test_what_cannot_be_read_is_not_written(tmp_path: Path) -> None:
    """The mistake shows where it was made, and leaves no file."""
    wrong = record(entries=(TierEntry("targets", "a", {}),))
    with pytest.raises(ValueError, match="sections"):
        write_record(tmp_path, wrong)
    assert not list(tmp_path.iterdir())
