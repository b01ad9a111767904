"""`tokentide tier` tells what held when; `tier correct` checks what it is asked."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.cli.command import Command
from support.cli.markets import MARKET
from support.published import published

from pipelines.cli.tier.versions import describe
from pipelines.errors import BadSetting
from pipelines.ingest.telemetry import correct_tier
from pipelines.settings import Settings
from pipelines.telemetry.config.tier_records import read_record

TIER = """
[[target]]
name = "ours"
url = "http://127.0.0.1:9/metrics"
engine = "vllm"
[energy]
usd_per_kwh = 0.09
"""
FIRST, SECOND = "2026-08-22T07:00:00Z", "2026-08-23T07:00:00Z"
OLDER = """
create table marts.tier_file as
select 'energy' as section, '' as name, '{"usd_per_kwh": "0.09"}' as entry;
"""


def version(number: int, entry: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = {"section": "cost", "name": "K", "entry": json.dumps(entry), "version": number}
    return {**row, "origin": "file", "valid_from": None, "valid_to": None, **more}


def changes(*rows: dict[str, Any]) -> list[str]:
    return [each["changed"] for each in describe(rows)]


def test_what_changed_is_what_differs() -> None:
    """The first version is listed whole, without what is not given."""
    first = version(1, {"device_kind": "K", "watts": 90, "none": None}, valid_to=FIRST)
    second = version(2, {"device_kind": "K", "watts": 80}, valid_from=FIRST)
    assert changes(second, first) == ["device_kind K, watts 90", "watts 90 → 80"]


def test_what_came_back_says_so() -> None:
    """Also where it is the same as before."""
    first = version(1, {"watts": 90}, valid_to=FIRST)
    assert changes(first, version(2, {"watts": 90}, valid_from=SECOND)) == ["watts 90", "is back"]


def test_what_figures_do_not_rest_on_is_no_change() -> None:
    """An address is left out when it is published."""
    first = version(1, {"watts": 90}, valid_to=FIRST)
    assert changes(first, version(2, {"watts": 90}, valid_from=FIRST))[1].startswith("nothing")


def test_peaks_of_several_dtypes_are_several_entries() -> None:
    """Each has versions, as any entry has."""
    peaks = [version(1, {"dtype": dtype}, section="peak") for dtype in ("bf16", "int8")]
    assert changes(*peaks) == ["dtype bf16", "dtype int8"]


def test_a_generation_of_an_older_version_is_listed(tmp_path: Path) -> None:
    """It knows only what holds."""
    published(Settings(tmp_path / "home"), MARKET + OLDER)
    command = Command(tmp_path / "home")
    assert "usd_per_kwh 0.09" in command("tier")
    [row] = json.loads(command("tier", "--section", "energy", "--json"))
    assert (row["valid_from"], row["entry"]) == (None, {"usd_per_kwh": "0.09"})
    assert json.loads(command("tier", "--section", "cost", "--json")) == []


@pytest.mark.parametrize("verb", [["tier"], ["tier", "correct"]])
def test_help_has_examples(tmp_path: Path, verb: list[str]) -> None:
    """As every verb's has."""
    assert "tokentide tier correct --from" in Command(tmp_path / "home")(*verb, "--help")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "tier.toml").write_text(TIER)
    return Settings(tmp_path / "home", tier=tmp_path / "tier.toml")


def test_a_correction_waits_for_the_next_load(settings: Settings) -> None:
    """The file as it is now is recorded before it."""
    record = correct_tier(settings, sections=["energy"])
    assert [(each.section, each.entry["usd_per_kwh"]) for each in record.entries] == [
        ("energy", "0.09")
    ]
    [waiting] = settings.tier_spool.glob("*.json")
    assert read_record(waiting) == record
    [archived] = settings.telemetry_archive.glob("tier/*/*.json")
    assert read_record(archived).at < record.at


def test_a_correction_of_the_future_or_of_nothing_is_refused(settings: Settings) -> None:
    """The messages name what is wrong."""
    record = correct_tier(settings)
    with pytest.raises(BadSetting, match="is to come"):
        correct_tier(settings, record.at.replace(year=2999))
    with pytest.raises(BadSetting, match="has no cost"):
        correct_tier(settings, sections=["cost"])
