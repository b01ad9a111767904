"""Faults in JSON objects: unknown keys, and manifests that do not fit their files."""

import copy
from datetime import date

import pytest

from pipelines.simulator.faults.payload_faults import (
    ARCHIVE_FAULTS,
    MANIFEST_FAULTS,
    PAYLOAD_FAULTS,
    SNAPSHOT_FAULTS,
)

PATH = "/datasets/rankings-daily"
RANKINGS = "/datasets/exports/rankings-daily"


@pytest.mark.parametrize(
    "path", [PATH, "/models", "/providers", "/classifications/task", f"{RANKINGS}/latest.json"]
)
def test_unknown_keys_appear(market, path):
    """At the top, in meta and in every row, where these exist."""
    market.set_faults({"kind": "extra_key"})
    content = market.get(path).json()
    assert "x_new_field" in content
    assert "x_new_field" in content.get("meta", {"x_new_field": "no meta here"})
    if isinstance(content["data"], list):
        assert all("x_new_field" in row for row in content["data"])


@pytest.mark.parametrize(("kind", "field"), [("wrong_sha256", "sha256"), ("wrong_bytes", "bytes")])
def test_the_manifest_does_not_fit(market, kind, field):
    """The files themselves are right."""
    clean = market.keyless(f"{RANKINGS}/latest.manifest.json").json()
    market.set_faults({"kind": kind})
    changed = market.keyless(f"{RANKINGS}/latest.manifest.json").json()
    for file in ("csv", "json"):
        assert changed["files"][file][field] != clean["files"][file][field]
        assert {**changed["files"][file], field: clean["files"][file][field]} == clean["files"][
            file
        ]


def test_the_manifest_is_of_another_day(market):
    """A complete one, of the day before the requested one."""
    market.set_faults({"kind": "other_day_manifest"})
    for name, day in (("latest", "2026-11-20"), ("2026-11-10", "2026-11-09")):
        assert market.keyless(f"{RANKINGS}/{name}.manifest.json").json()["snapshot_date"] == day


def test_a_manifest_fault_changes_a_copy():
    """Every file's entry changes, and nothing else."""
    manifest = {"row_count": 3, "files": {"csv": {"bytes": 9, "sha256": "a", "url": "u"}}}
    original = copy.deepcopy(manifest)
    hashes = MANIFEST_FAULTS["wrong_sha256"](manifest)
    sizes = MANIFEST_FAULTS["wrong_bytes"](manifest)
    assert manifest == original
    assert hashes["files"] == {"csv": {"bytes": 9, "sha256": "0" * 64, "url": "u"}}
    assert sizes["files"] == {"csv": {"bytes": 1, "sha256": "a", "url": "u"}}
    assert hashes["row_count"] == sizes["row_count"] == 3


@pytest.mark.parametrize(
    "payload",
    [{}, {"data": {"a": 1}}, {"data": [], "meta": None}, {"data": [{"a": 1}], "meta": {}}],
)
def test_unknown_keys_fit_any_payload(payload):
    """An object without rows or meta block gets the key at the top only."""
    changed = PAYLOAD_FAULTS["extra_key"](payload)
    assert changed["x_new_field"] == "added without notice"
    assert set(changed) == {*payload, "x_new_field"}


def test_the_other_manifest_is_of_the_day_before():
    """Also across a month."""
    assert SNAPSHOT_FAULTS["other_day_manifest"](date(2026, 3, 1)) == date(2026, 2, 28)


ARCHIVE = {
    "as_of": "2026-06-18",
    "models": {
        "lab/old": {
            "first_seen": "2026-06-01",
            "points": [["2026-06-01", 1, 2], ["2026-06-18", 2, 3]],
        },
        "lab/new": {"first_seen": "2026-06-15", "points": [["2026-06-15", 1, 2]]},
    },
}


def test_an_archive_of_prices_loses_models_or_days_or_has_a_price_that_is_none():
    """The archive that is given stays as it is."""
    before = copy.deepcopy(ARCHIVE)
    lost, malformed, older = (
        ARCHIVE_FAULTS[kind](ARCHIVE)
        for kind in ("lost_models", "malformed_prices", "older_archive")
    )
    assert list(lost["models"]) == ["lab/old"]
    assert malformed["models"]["lab/old"]["points"] == [["2026-06-18", "cheap", 1.0]]
    assert malformed["models"]["lab/new"] == ARCHIVE["models"]["lab/new"]
    assert older["as_of"] == "2026-06-11"
    assert older["models"]["lab/old"]["points"] == [["2026-06-01", 1, 2]]
    assert list(older["models"]) == ["lab/old"]
    assert before == ARCHIVE
