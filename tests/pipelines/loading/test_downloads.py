"""Loading of downloads: counters of every page, what is new of models, and files of past counts."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from support.simulator import sql

from pipelines.archive import Answer, Archive
from pipelines.ingest.market import load_archive
from pipelines.settings import Settings
from pipelines.sources.huggingface.history import context_of, keep_file

DAY = datetime(2026, 8, 3, 8, tzinfo=UTC)
ROWS = [
    {"_id": f"{n}", "id": f"a/m{n}", "downloads": 900, "downloadsAllTime": 5000, "likes": 3}
    for n in range(20)
]


def keep(settings: Settings, rows: object, day: int = 0, tag: str = "text-generation") -> None:
    """Keep a page in the archive."""
    answer = Answer(
        *("hub_models", "https://hub.test/api/models", DAY + timedelta(days=day), 200, 0, ""),
        run_id="run",
        context={"pipeline_tag": tag},
    )
    Archive(settings.archive).keep(answer, json.dumps(rows).encode())


def outcomes(settings: Settings) -> list[tuple[str, str | None]]:
    """Load the archive and return what became of each answer."""
    load_archive(settings)
    return sql(settings, "select outcome, reason from raw.answers order by fetched_at")


def test_a_model_is_kept_where_it_changed(settings: Settings) -> None:
    """Counters are kept each day, what a model is only once, and again where it became another."""
    keep(settings, ROWS)
    keep(settings, [{**row, "downloadsAllTime": 6000} for row in ROWS], day=1)
    renamed = {**ROWS[0], "id": "a/new", "downloadsAllTime": 7000}
    keep(settings, [renamed, *ROWS[1:]], day=2)
    load_archive(settings)
    assert sql(settings, "select count(*) from raw.hub_counts") == [(60,)]
    names = "select model_id from raw.hub_models where hub_id = '0' order by fetched_at"
    assert sql(settings, names) == [("a/m0",), ("a/new",)]
    assert sql(settings, "select count(*) from raw.hub_models") == [(21,)]


def test_a_day_of_equal_bytes_is_a_capture_too(settings: Settings) -> None:
    """All counters stood still: the bytes are those of the day before, and nothing is repeated."""
    keep(settings, ROWS)
    keep(settings, ROWS, day=1)
    assert outcomes(settings) == [("loaded", None), ("unchanged", None)]
    assert sql(settings, "select count(*) from raw.hub_counts") == [(20,)]


def test_a_row_that_is_none_is_quarantined(settings: Settings) -> None:
    """The others are loaded; a model that stands twice on a page is loaded once."""
    keep(settings, [*ROWS, {"id": "a/no-id", "downloadsAllTime": 3}, 7, ROWS[0]])
    [(outcome, reason)] = outcomes(settings)
    assert outcome == "partial"
    assert reason == "incomplete row; repeated row"
    assert sql(settings, "select count(*) from raw.hub_counts") == [(20,)]


def test_what_is_no_list_of_counts_is_quarantined(settings: Settings) -> None:
    keep(settings, [])
    keep(settings, [{**row, "downloadsAllTime": 0} for row in ROWS], day=1)
    keep(settings, [{"_id": "1", "id": "a/b"}], day=2)
    assert outcomes(settings) == [
        ("quarantined", "the list has no entry"),
        ("quarantined", "every figure is zero"),
        ("unreadable", "No model of the page has its all-time count."),
    ]


def keep_repository(settings: Settings, name: str, row: object, day: int = 0) -> None:
    """Keep a repository in the archive, as it was asked for by this name."""
    answer = Answer(
        *("hub_repositories", f"https://hub.test/api/models/{name}"),
        *(DAY + timedelta(days=day), 200, 0, ""),
        run_id="run",
        context={"model": name},
    )
    Archive(settings.archive).keep(answer, json.dumps(row).encode())


def test_a_repository_is_kept_where_nothing_is_new_too(settings: Settings) -> None:
    """Its answer says who has a name; two names with the same bytes are of one model."""
    keep(settings, ROWS)
    for name in ("a/m0", "a/former", "a/first"):
        keep_repository(settings, name, ROWS[0], day=1)
    assert outcomes(settings)[1:] == [("loaded", None)] * 3
    named = (
        "select answers.context ->> 'model', models.hub_id from raw.answers as answers "
        "join raw.hub_models as models using (sha256) where source = 'hub_repositories' order by 1"
    )
    assert sql(settings, named) == [("a/first", "0"), ("a/former", "0"), ("a/m0", "0")]
    assert sql(settings, "select count(*) from raw.hub_counts") == [(20,)]
    # A later page of the list says what is known, and adds nothing.
    keep(settings, [{**row, "likes": 9} for row in ROWS], day=2)
    load_archive(settings)
    kinds = "select distinct pipeline_tag from raw.hub_models where hub_id = '1'"
    assert sql(settings, kinds) == [("text-generation",)]


def take(
    settings: Settings, tmp_path: Path, rows: Mapping[str, Any], columns: str | None = None
) -> None:
    """Load a file of past counts."""
    path, target = tmp_path / "counts.parquet", io.BytesIO()
    pl.DataFrame(rows).write_parquet(target)
    path.write_bytes(target.getvalue())
    keep_file(settings, path, "run", context_of(columns, None, None))
    load_archive(settings)


def test_a_file_of_past_counts_is_loaded_once(settings: Settings, tmp_path: Path) -> None:
    """The same bytes with another mapping replace what they were; no row stands there twice."""
    rows = {
        "date": [date(2025, 1, 1), date(2025, 1, 2)],
        "author": ["qwen", "meta-llama"],
        "downloads": [10, 20],
    }
    for _ in range(2):
        take(settings, tmp_path, rows)
    files = "select grain, figure, licence, citation from raw.hub_history_files"
    counts = "select date::varchar, name, downloads from raw.hub_history order by date"
    expected = [("2025-01-01", "qwen", 10), ("2025-01-02", "meta-llama", 20)]
    assert sql(settings, counts) == expected
    assert sql(settings, files) == [
        ("author", "daily", "Apache-2.0", "modelpulse/model-pulse-data")
    ]
    take(settings, tmp_path, rows, "date=date,model=author,all_time=downloads")
    assert sql(settings, counts) == expected
    assert sql(settings, files) == [("model", "all_time", "not stated", "not stated")]


def test_rows_without_a_count_are_left_out_and_said(settings: Settings, tmp_path: Path) -> None:
    rows = {
        "date": ["2025-01-01", "soon", None, "2025-01-04"],
        "author": ["a", "b", "c", "d"],
        "downloads": [1, 2, 3, -4],
    }
    take(settings, tmp_path, rows)
    assert sql(settings, "select name from raw.hub_history") == [("a",)]
    reasons = sql(settings, "select outcome, reason from raw.answers")
    assert reasons == [("partial", "3 rows without a day, a name or a count")]
