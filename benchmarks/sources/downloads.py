"""Cost of downloads: loading a month of daily captures, and shares over 25 million author-days.

python benchmarks/sources/downloads.py
python benchmarks/sources/downloads.py --days 3 --pages 2 --author-days 100000
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.archive import Answer, Archive
from pipelines.loading.answers import load_answers
from warehouse.connection import session

BEGIN = datetime(2026, 10, 1, 7, 10, tzinfo=UTC)
PAGE_ROWS = 1000
ACCOUNTS = 30_000
TAGS = ["transformers", "safetensors", "conversational", "arxiv:2309.00071", "region:us"]
AUTHOR_DAYS = """
    create table author_downloads_daily as
    select
        '2024-07-29'::date + (range // $accounts)::integer as date,
        'account-' || (range % $accounts) as author,
        case range % 7 when 0 then 'CN' when 1 then 'US' when 2 then 'FR' else 'unknown' end
            as country,
        (hash(range) % 100000)::bigint as downloads
    from range($rows)
"""
SHARES = """
    with days as (
        select date, country, sum(downloads) as downloads
        from author_downloads_daily
        group by all
    ),

    -- Without `materialized` the sum over a week reads every day a second time.
    weeks as materialized (
        select date_trunc('week', date)::date as week_start, country, sum(downloads) as downloads
        from days
        group by all
    )
    select
        week_start,
        country,
        downloads / sum(downloads) over (partition by week_start) as share
    from weeks
"""


def page(day: int, number: int) -> list[dict[str, Any]]:
    """Return a page of a day: every third model is a copy with the template of its chat."""
    rows = []
    for place in range(PAGE_ROWS):
        model = number * PAGE_ROWS + place
        row: dict[str, Any] = {
            "_id": f"{model:024x}",
            "id": f"account-{model % 997}/Model-{model}-GGUF",
            "likes": model % 5000 + day,
            "downloads": 4_000_000 // (model + 1) + 300,
            "downloadsAllTime": 1_000_000 + day * (4_000_000 // (30 * (model + 1)) + 10),
            "createdAt": "2025-04-27T03:40:08.000Z",
            "tags": [*TAGS, f"base_model:quantized:lab/model-{model}"],
            "safetensors": {"parameters": {"BF16": 8_190_735_360}, "total": 8_190_735_360},
        }
        if model % 3 == 0:
            base = {"relation": "quantized", "models": [{"_id": "0", "id": f"lab/model-{model}"}]}
            gguf = {"total": 8_190_735_360, "architecture": "x", "chat_template": "{%x%}" * 500}
            row |= {"baseModels": base, "gguf": gguf}
        rows.append(row)
    return rows


def captures(days: int, pages: int) -> Iterator[tuple[Answer, bytes]]:
    """Yield the pages of every day."""
    for day in range(days):
        for number in range(pages):
            answer = Answer(
                *("hub_models", f"http://127.0.0.1/api/models?cursor={number}"),
                *(BEGIN + timedelta(days=day, seconds=number), 200, 0, "", f"run-{day}"),
                context={"pipeline_tag": "text-generation"},
                origin="simulated",
            )
            yield answer, json.dumps(page(day, number)).encode()


def load_month(folder: Path, days: int, pages: int) -> dict[str, float]:
    """Load captures that are in the archive, a day at a time as they came."""
    archive = Archive(folder / "raw")
    for answer, body in captures(days, pages):
        archive.keep(answer, body)
    began, cpu = time.perf_counter(), time.process_time()
    with session(folder / "warehouse.duckdb") as con:
        load_answers(con, archive)
        [(rows,)] = con.sql("select count(*) from raw.hub_counts").fetchall()
    return {
        "rows": rows,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def share_seconds(folder: Path, rows: int, rounds: int = 5) -> dict[str, float]:
    """Return the median time of the weekly shares by country over that many author-days."""
    with duckdb.connect(str(folder / "authors.duckdb")) as con:
        con.execute(AUTHOR_DAYS, {"accounts": min(ACCOUNTS, rows), "rows": rows})
        con.execute("checkpoint")
        taken, spent = [], []
        for _ in range(rounds):
            began, cpu = time.perf_counter(), time.process_time()
            con.sql(SHARES).fetchall()
            taken.append(time.perf_counter() - began)
            spent.append(time.process_time() - cpu)
    return {
        "rows": rows,
        "seconds": sorted(taken)[rounds // 2],
        "slowest_seconds": max(taken),
        # Of all threads together; what other work does to the machine is not in it.
        "cpu_seconds": sorted(spent)[rounds // 2],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--pages", type=int, default=13, help="pages a day, of 1,000 models")
    parser.add_argument("--author-days", type=int, default=25_000_000)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            "load": load_month(Path(folder), options.days, options.pages),
            "shares": share_seconds(Path(folder), options.author_days),
        }
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
