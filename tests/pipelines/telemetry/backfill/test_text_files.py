"""Archived pages and tables of runs become the segments that a collector would have written."""

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.collecting import of_metric, read_rows

from pipelines.errors import BadSetting
from pipelines.telemetry.backfill.text_files import (
    make_normaliser,
    read_pages,
    read_run,
    store,
)
from pipelines.telemetry.collector.segments import build_table, closed_segments
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import Target
from pipelines.telemetry.metrics.exposition import MAX_BYTES

AT = datetime(2026, 8, 22, 7, 10, 16, tzinfo=UTC)
MODIFIED = datetime(2026, 1, 1, tzinfo=UTC)
VLLM = Target("old", "http://h/metrics", "vllm", {"served": "o/m"})


def test_archived_pages_become_segments(tmp_path: Path, recordings: Path) -> None:
    """They have the instants of their names, oldest first."""
    pages = tmp_path / "pages"
    pages.mkdir()
    for name, source in (("b-20260822T071016Z.txt", "idle"), ("a-20260822T071116Z.txt", "loaded")):
        (pages / name).write_bytes((recordings / f"vllm/vllm_0.32_cpu_{source}.txt").read_bytes())
    assert store(read_pages(pages, VLLM), Spool(tmp_path / "spool")) == 2
    rows = read_rows(tmp_path / "spool")
    tokens = [(row["scraped_at"], row["value"]) for row in of_metric(rows, "generation_tokens")]
    assert tokens == [(AT, 0.0), (AT + timedelta(minutes=1), 30224.0)]
    assert [row["value"] for row in of_metric(rows, "up")] == [1.0, 1.0]


def test_a_name_without_an_instant_is_an_error_that_shows_the_forms(tmp_path: Path) -> None:
    """The file's own time is that of the copy; it counts only where it is asked for."""
    path = tmp_path / "page.txt"
    path.write_text("vllm:prompt_tokens_total 7\n")
    os.utime(path, (MODIFIED.timestamp(), MODIFIED.timestamp()))
    with pytest.raises(BadSetting, match=r"page\.txt.*2026-11-27_10-00-00.*--use-file-time"):
        list(read_pages(tmp_path, VLLM))
    [scrape] = read_pages(tmp_path, VLLM, use_file_time=True)
    assert scrape.scraped_at == round(MODIFIED.timestamp() * 1e6)


def test_pages_with_dashes_in_their_names_have_their_instants(tmp_path: Path) -> None:
    """A page of another server is no successful scrape."""
    for name, text in (
        ("vllm_2026-11-27_10-00-00.txt", "vllm:generation_tokens_total 0.0\n"),
        ("vllm_2026-11-27_10-00-15.txt", "vllm:generation_tokens_total 100.0\n"),
        ("vllm_2026-11-27_10-00-30.txt", "sglang:generation_tokens_total 100.0\n"),
    ):
        (tmp_path / name).write_text(text)
    first, second, other = read_pages(tmp_path, VLLM)
    at = round(datetime(2026, 11, 27, 10, tzinfo=UTC).timestamp() * 1e6)
    assert (first.scraped_at, second.scraped_at) == (at, at + 15_000_000)
    assert (first.values[0], second.values[0]) == (0.0, 100.0)
    assert other.values == (0.0,)
    assert 'nearest_engine="sglang"' in other.series[0].labels
    assert 'reason="no_known_metrics"' in other.series[0].labels


def test_a_page_that_is_too_large_is_cut_and_counted(tmp_path: Path) -> None:
    """The outcome of its scrape has the problem, as a live scrape would."""
    line = b"vllm:prompt_tokens_total 7\n"
    (tmp_path / "1787382616.txt").write_bytes(line + b"#" * MAX_BYTES + b"\n" + line)
    [scrape] = read_pages(tmp_path, VLLM)
    [up] = [series for series in scrape.series if series.metric == "up"]
    assert up.labels == 'problems="1",read="1",samples="1",unknown_families="0"'


def test_a_table_of_a_run_is_read_row_by_row(recordings: Path) -> None:
    """Its last row agrees with the client's count: 646,370 generated tokens."""
    run = recordings / "vllm/run_llama7b_bs64/metrics_engine_server_0.csv.gz"
    scrapes = list(read_run(run, VLLM, AT))
    rows = build_table(scrapes).to_pylist()
    tokens = [row["value"] for row in of_metric(rows, "generation_tokens")]
    assert len(tokens) == len(scrapes) > 200
    assert tokens == sorted(tokens)
    assert 0.9 < tokens[-1] / 646370 < 1.1
    assert {row["model_name"] for row in of_metric(rows, "cache_usage")} == {"served"}
    assert rows[0]["scraped_at"] >= AT


@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_a_table_may_be_packed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"run.{suffix}"
    content = b"time [s],generation_tokens_total\n0.5,10\n1.5,30\n"
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    first, second = read_run(path, VLLM, AT)
    assert (first.values[0], second.values[0]) == (10.0, 30.0)
    assert second.scraped_at - first.scraped_at == 1_000_000


def test_the_pages_of_our_own_server_have_devices() -> None:
    """Pages of other servers have none."""
    page = b'tokentide:power_watts{engine="0"} 300\n'
    ours = Target("ours", "http://h/metrics", "tokentide")
    assert len(make_normaliser(ours).read(page, 0.0).samples) == 1
    assert len(make_normaliser(VLLM).read(page, 0.0).samples) == 0


def test_a_long_past_becomes_several_segments(tmp_path: Path) -> None:
    """A segment has a maximum number of rows, whatever is stored."""
    path = tmp_path / "run.csv"
    rows = "".join(f"{second},{second}\n" for second in range(10))
    path.write_text(f"time [s],generation_tokens_total\n{rows}")
    spool = Spool(tmp_path / "spool", max_rows=4)
    assert store(read_run(path, VLLM, AT), spool) == 10
    assert len(closed_segments(tmp_path / "spool")) == 5
