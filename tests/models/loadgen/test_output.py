"""The report as text and JSON, and the records as a file."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.inference.load_tests import completed, load_test

from models.errors import BadConfig
from models.loadgen.output import check_output_path, format_json, format_text, write_records
from models.loadgen.replay import LoadTest
from models.loadgen.report import Objectives, summarise

LIMITS = Objectives(ttft_s=0.2)


def text_of(test: LoadTest, objectives: Objectives = LIMITS) -> str:
    """Format a load test's report as text."""
    return format_text(summarise(test, objectives), objectives)


def json_of(test: LoadTest, objectives: Objectives = LIMITS) -> dict[str, Any]:
    """Format a load test's report as JSON and parse it."""
    report: dict[str, Any] = json.loads(format_json(summarise(test, objectives), objectives))
    return report


def test_every_figure_has_its_unit() -> None:
    """And objectives stand beside the goodput."""
    text = text_of(load_test(completed(0, 0.0), completed(1, 1.0)))
    assert "requests   2 of 2 sent, 2 completed, 0 failed\n" in text
    assert "duration   2.10 s\n" in text
    assert "offered    1.00 requests/s\n" in text
    assert "output     10.48 tokens/s, 22 tokens\n" in text
    assert "goodput    0.95 requests/s, 100.0% of requests (TTFT <= 200 ms)\n" in text
    assert "generator  10% of one core" in text
    assert "TTFT ms        100.00     100.00     100.00     100.00          2\n" in text


def test_unknown_figures_are_called_unknown() -> None:
    """Not 0."""
    text = text_of(load_test(completed(0, 0.0, output_tokens=None, first_s=None, gaps_s=())))
    assert "output     unknown\n" in text
    assert "TTFT ms       unknown\n" in text
    assert "offered    unknown\n" in text


def test_failures_are_listed_with_their_number_and_example() -> None:
    """One line for each kind."""
    failed = completed(0, 0.0, error="http", status=500, message="it fell over")
    lines = text_of(load_test(failed, completed(1, 0.0))).splitlines()
    assert [line for line in lines if "fell over" in line] == ["http 500       1  it fell over"]


def test_json_has_every_figure_and_the_notes() -> None:
    """Latencies are in milliseconds."""
    report = json_of(load_test(completed(0, 0.0)))
    assert report["ttft"] == {
        "count": 1,
        "p50_ms": 100.0,
        "p90_ms": 100.0,
        "p99_ms": 100.0,
        "max_ms": 100.0,
    }
    assert report["objectives_ms"] == {"TTFT": 200.0}
    assert report["failures"] == []
    assert report["notes"] == ["The p99 of fewer than 100 requests is nearly their maximum."]


NOTES: dict[str, tuple[LoadTest, str]] = {
    "stopped": (load_test(planned=5, was_stopped=True), "The load test was stopped"),
    "late": (
        load_test(completed(0, 0.0, sent_s=0.05)),
        "it sent requests late (p99 of the lag above 10 ms and above 10%",
    ),
    "busy": (load_test(completed(0, 0.0), cpu_s=9.5), "it used more than 90% of a core"),
    "full": (load_test(completed(0, 0.0, error="generator")), "it ran out of open files"),
    "capped": (
        load_test(completed(0, 0.0, is_capped=True)),
        "1 requests were shortened to fit --max-request-tokens",
    ),
    "estimated": (
        load_test(completed(0, 0.0, is_estimated=True)),
        "1 responses have no token count",
    ),
    "short": (
        load_test(completed(0, 0.0, output_tokens=4)),
        "4 of 11 requested tokens were generated; --ignore-eos",
    ),
}


@pytest.mark.parametrize(("test", "words"), NOTES.values(), ids=NOTES.keys())
def test_notes_explain_what_limits_the_figures(test: LoadTest, words: str) -> None:
    """In both formats."""
    assert words in text_of(test)
    assert any(words in note for note in json_of(test)["notes"])


def test_many_complete_requests_need_no_note() -> None:
    """All is well."""
    records = [completed(number, number / 10) for number in range(100)]
    assert json_of(load_test(*records))["notes"] == []


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_records_are_rows_in_the_order_of_their_numbers(tmp_path: Path, suffix: str) -> None:
    """Failed requests are among them; unknown values are empty."""
    failed = replace(
        completed(0, 0.0, error="429", status=429, message="full"),
        first_s=None,
        output_tokens=None,
        gaps_s=(),
    )
    test, path = load_test(completed(1, 2.0, tokens=3), failed), tmp_path / f"requests{suffix}"
    write_records(test, path)
    table = pq.read_table(path) if suffix == ".parquet" else pa.ipc.open_file(path).read_all()
    first, second = table.to_pylist()
    assert (first["number"], first["error"], first["message"]) == (0, "429", "full")
    assert (first["ttft_ms"], first["output_tokens"], first["itl_ms"]) == (None, None, [])
    assert (second["ttft_ms"], second["e2e_ms"]) == (pytest.approx(100), pytest.approx(1100))
    assert second["tpot_ms"] == pytest.approx(500)
    assert len(second["itl_ms"]) == 2
    assert (second["due_at"] - first["due_at"]).total_seconds() == 2.0


def test_both_formats_have_the_same_columns(tmp_path: Path) -> None:
    """A reader need not care."""
    for name in ("a.parquet", "a.arrow"):
        write_records(load_test(completed(0, 0.0)), tmp_path / name)
    arrow = pa.ipc.open_file(tmp_path / "a.arrow").read_all()
    assert pq.read_table(tmp_path / "a.parquet").schema.equals(arrow.schema)


def test_an_impossible_path_is_refused_before_the_test(tmp_path: Path) -> None:
    """A whole load test would be lost otherwise."""
    check_output_path(tmp_path / "requests.parquet")
    with pytest.raises(BadConfig, match=r"must end in \.parquet or \.arrow"):
        check_output_path(tmp_path / "requests.csv")
    with pytest.raises(BadConfig, match="Create it first"):
        check_output_path(tmp_path / "absent" / "requests.arrow")
