"""Cost of loading by the age of the home: CPU seconds of a call after 1,000, 10,000 … answers.

A home with a key asks thirty models for their endpoints every half hour, 1,440 answers a day.
A call must cost what is new, and not what was ever archived.

    python benchmarks/sources/loading.py --answers 50000
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import duckdb
import polars as pl

from pipelines.archive import Answer, Archive
from pipelines.loading.answers import load_answers
from warehouse.connection import session

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MODELS = 30
CALLS = 5


def answers(tick: int) -> Iterator[tuple[Answer, bytes]]:
    """Yield the answers of one half hour, each with two hosts, none like another."""
    for model in range(MODELS):
        endpoints = [
            {
                "name": f"host {host}",
                "provider_name": f"Provider {host}",
                "tag": f"provider-{host}",
                "pricing": {"prompt": "0.000001", "completion": "0.000002"},
                "latency_last_30m": {"p50": 500 + tick},
            }
            for host in range(2)
        ]
        answer = Answer(
            source="endpoints",
            url=f"http://127.0.0.1/api/v1/models/lab/model-{model}/endpoints",
            fetched_at=BEGIN + timedelta(minutes=30 * tick, seconds=model),
            status=200,
            bytes=0,
            sha256="",
            run_id=f"run-{tick}",
            context={"model": f"lab/model-{model}"},
            origin="simulated",
        )
        payload = {"data": {"id": f"lab/model-{model}", "endpoints": endpoints}}
        yield answer, json.dumps(payload).encode()


class Home:
    """An archive and a warehouse that grow by half hours."""

    def __init__(self, folder: Path) -> None:
        self.archive, self.warehouse, self.ticks = Archive(folder), folder / "warehouse.duckdb", 0

    def grow(self, ticks: int) -> None:
        """Archive the answers of these half hours."""
        for tick in range(self.ticks, self.ticks + ticks):
            for answer, body in answers(tick):
                self.archive.keep(answer, body)
        self.ticks += ticks

    def age(self, ticks: int) -> None:
        """Put logs and rows of these half hours there as loading leaves them, but in bulk.

        Bodies are left out: nothing reads those of loaded answers.
        """
        logs: dict[str, list[str]] = {}
        rows = []
        for tick in range(self.ticks, self.ticks + ticks):
            for answer, body in answers(tick):
                known = replace(answer, bytes=len(body), sha256=sha256(body).hexdigest())
                rows.append(known)
                line = {**asdict(known), "fetched_at": known.fetched_at.isoformat()}
                logs.setdefault(f"{known.fetched_at:%Y-%m-%d}.jsonl", []).append(json.dumps(line))
        self.ticks += ticks
        with session(self.warehouse) as con:
            _insert(con, rows)
            for name, lines in logs.items():
                path = self.archive.folder / "answers" / name
                path.parent.mkdir(exist_ok=True, parents=True)
                with path.open("a") as log:
                    log.write("\n".join(lines) + "\n")
                position = [name, path.stat().st_size]
                con.execute("insert or replace into main.loaded_logs values (?, ?)", position)

    def load(self) -> float:
        """Open the warehouse and load; return the CPU seconds of this process."""
        begin = time.process_time()
        with session(self.warehouse) as con:
            load_answers(con, self.archive)
        return time.process_time() - begin


def _insert(con: duckdb.DuckDBPyConnection, known: Sequence[Answer]) -> None:
    frame = pl.DataFrame(
        {
            "answer_id": [answer.answer_id for answer in known],
            "url": [answer.url for answer in known],
            "context": [json.dumps(answer.context) for answer in known],
            "fetched_at": [answer.fetched_at for answer in known],
            "bytes": [answer.bytes for answer in known],
            "sha256": [answer.sha256 for answer in known],
            "run_id": [answer.run_id for answer in known],
            "asked_model": [answer.context["model"] for answer in known],
        }
    )
    con.register("known", frame.to_arrow())
    con.execute(
        "insert into raw.answers by name select * exclude (asked_model), 'endpoints' as source, "
        "'{}' as params, 200 as status, 'simulated' as origin, 'loaded' as outcome, 2 as rows "
        "from known"
    )
    con.execute(
        "insert into raw.endpoints by name select sha256, asked_model, asked_model as data_id, "
        "'Provider ' || host as provider_name, 'provider-' || host as tag "
        "from known, range(2) as hosts(host)"
    )
    con.unregister("known")


def main() -> None:
    """Grow one home and measure calls with one half hour's answers, and with none, on the way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--answers", type=int, default=50_000, help="answers in the home at the end"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    ages = [age for age in (1_000, 10_000, 25_000) if age < options.answers] + [options.answers]
    print("answers in the home | CPU s of a call with 30 new ones | CPU s of a call with none")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        for age in ages:
            home.age(age // MODELS - home.ticks)
            new, idle = [], []
            for _ in range(CALLS):
                home.grow(1)
                new.append(home.load())
                idle.append(home.load())
            medians = (statistics.median(new), statistics.median(idle))
            print(f"{age:>19,} | {medians[0]:.3f} | {medians[1]:.3f}", flush=True)
            found.append({"answers": age, "new": medians[0], "idle": medians[1]})
    if options.json:
        options.json.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
