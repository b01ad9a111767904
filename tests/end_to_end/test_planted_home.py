"""One run from raw answers and scrapes to the joint tables: a synthetic market, a tier of known tokens, power, latency and cost."""

import csv
import json
import math
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.telemetry_facts import START as LEDGER_START
from support.telemetry_facts import scrape

from pipelines.archive import Answer, Archive
from pipelines.errors import QueryFailed
from pipelines.evidence import bundle
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import ingest_telemetry
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.simulator.market_protocol import RankingsQuery
from pipelines.simulator.synthetic.market import SyntheticMarket
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.telemetry.metrics.vocabulary import Series
from warehouse.connection import open_published

pytestmark = pytest.mark.slow

SEED, DAY, MODEL, PERMASLUG = (
    1,
    date(2026, 6, 18),
    "deepseek/deepseek-v4-pro",
    "deepseek/deepseek-v4-pro-20260423",
)
MORNING, LATER = datetime(2026, 6, 18, 8, tzinfo=UTC), datetime(2026, 6, 20, 8, tzinfo=UTC)
MINUTES = 24 * 60
# Each minute: 3,000 prompt tokens are computed, 3,000 are cached, 2,000 are generated; 400 W; ten first tokens between 0.2 and 0.4 s.
PROMPT, CACHED, GENERATED, WATTS, REQUESTS = 6000, 3000, 2000, 400.0, 10
TOKENS = (PROMPT + GENERATED) * MINUTES
# Half a dollar an hour over four years, another to run it, and 0.4 kW at 1.25 times 0.2 USD a kWh.
USD_AN_HOUR = 1.0 + 0.1
TIER = """
[[target]]
name = "ours"
url = "http://127.0.0.1:1/metrics"
engine = "vllm"
devices = 1
device_kind = "K"
scrape_seconds = 60
model_map = { "our-v4-pro" = "deepseek/deepseek-v4-pro-20260423" }

[[cost]]
device_kind = "K"
capex_usd = 17532
amortisation_years = 4
opex_usd_per_hour = 0.5
idle_watts = 100
rated_watts = 500

[energy]
usd_per_kwh = 0.2
pue = 1.25
"""


def served(settings: Settings) -> None:
    """Scrapes of that day, a minute apart, as closed segments."""
    counters = {
        Series(name, "counter", model_name="our-v4-pro"): float(each)
        for name, each in (
            ("prompt_tokens", PROMPT),
            ("cached_prompt_tokens", CACHED),
            ("generation_tokens", GENERATED),
        )
    }
    first_tokens = [
        Series("ttft_seconds", "histogram", "bucket", 0.4, "our-v4-pro"),
        Series("ttft_seconds", "histogram", "bucket", math.inf, "our-v4-pro"),
        Series("ttft_seconds", "histogram", "count", None, "our-v4-pro"),
    ]
    none_so_fast = Series("ttft_seconds", "histogram", "bucket", 0.2, "our-v4-pro")
    running = Series("requests_running", "gauge", model_name="our-v4-pro")
    power = Series("power_watts", "gauge", device="0", labels='provenance="measured"')
    midnight = (datetime(2026, 6, 18, tzinfo=UTC) - LEDGER_START).total_seconds()
    SegmentWriter(settings.telemetry_spool).write(
        [
            scrape(
                # The scrape that ends a minute comes within it.
                midnight - 1 + 60 * minute,
                {series: each * minute for series, each in counters.items()}
                | dict.fromkeys(first_tokens, float(REQUESTS * minute))
                | {none_so_fast: 0.0, running: 1.0, power: WATTS},
                target="ours",
            )
            for minute in range(MINUTES + 1)
        ]
    )


def asked(settings: Settings) -> None:
    """What the market answered that morning of prices and hosts, and two days later of the board, as raw answers."""
    market, archive = SyntheticMarket(SEED), Archive(settings.archive)

    def keep(source: str, at: datetime, payload: Any, **context: str) -> None:
        answer = Answer(
            source, "http://h/x", at, 200, 0, "", "run", context=context, origin="simulated"
        )
        archive.keep(answer, json.dumps(payload).encode())

    rows = market.rankings(RankingsQuery(date(2026, 6, 15), date(2026, 6, 19)), LATER)
    data = [
        {**row._asdict(), "date": row.date.isoformat(), "total_tokens": str(row.total_tokens)}
        for row in rows
    ]
    meta = {
        "as_of": LATER.isoformat(),
        "version": "v1",
        "start_date": "2026-06-15",
        "end_date": "2026-06-19",
    }
    keep("models", MORNING, {"data": market.models(MORNING)})
    keep("endpoints", MORNING, {"data": market.endpoints(MODEL, MORNING)}, model=PERMASLUG)
    keep("rankings_daily", LATER, {"data": data, "meta": meta})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home that has those answers and scrapes, and nothing else, and has published them."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "tier.toml").write_text(TIER)
    settings = Settings(folder / "home", tier=folder / "tier.toml")
    asked(settings)
    served(settings)
    load_archive(settings)
    ingest_telemetry(settings)
    return settings


@pytest.fixture(scope="module")
def con(home: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file that it published."""
    with closing(open_published(newest(home))) as published:
        yield published


def one(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    [row] = con.sql(query).pl().to_dicts()
    return row


def market_tokens() -> int:
    """What the market served of the model on that day, all listings."""
    rows = SyntheticMarket(SEED).rankings(RankingsQuery(DAY, DAY), LATER)
    return sum(
        row.total_tokens for row in rows if row.model_permaslug.partition(":")[0] == PERMASLUG
    )


def test_our_tokens_beside_the_markets(con: duckdb.DuckDBPyConnection) -> None:
    """Every token of the counters, every token of the board, and their ratio; the capacity is that of a busy day."""
    row = one(con, f"from local_vs_market_daily where date = '{DAY}' and target = 'ours'")
    assert (row["model_family"], row["local_tokens"], row["market_tokens"]) == (
        "deepseek/deepseek-v4-pro",
        TOKENS,
        market_tokens(),
    )
    assert row["local_to_market"] == pytest.approx(TOKENS / market_tokens())
    assert row["days_of_capacity_per_market_day"] == pytest.approx(
        market_tokens() / TOKENS, rel=0.01
    )


def test_a_day_without_tokens_has_no_shares(con: duckdb.DuckDBPyConnection) -> None:
    """The first scrape came a second before midnight: the day before has a row, and nothing in it to divide by."""
    row = one(con, "from local_tokens_daily where date = '2026-06-17'")
    assert (row["total_tokens"], row["share_of_target"], row["mix_reason"]) == (
        0,
        None,
        "no tokens on this day",
    )
    wrong = [
        f"select '{table}' from {table} where isnan({column})"
        for table, column in con.sql(
            "select table_name, column_name from duckdb_columns() where data_type = 'DOUBLE' and schema_name = 'marts'"
        ).fetchall()
    ]
    assert con.sql(" union all ".join(wrong)).fetchall() == []


def test_every_grain_conserves_them(con: duckdb.DuckDBPyConnection) -> None:
    """Model, family, author and platform: the share times the market is what we served."""
    rows = con.sql(
        f"select grain, local_to_market * market_tokens from local_vs_market_grains_daily where date = '{DAY}'"
    ).fetchall()
    assert {grain for grain, _ in rows} == {"model", "family", "author", "platform"}
    assert [tokens for _, tokens in rows] == pytest.approx([TOKENS] * len(rows))


def test_make_or_buy(con: duckdb.DuckDBPyConnection) -> None:
    """The market's price of our own mix, each token once, beside what ours cost that day."""
    # The list price is what the lab itself asks, where it hosts the model.
    [listed] = [
        each["pricing"]
        for each in SyntheticMarket(SEED).endpoints(MODEL, MORNING)["endpoints"]
        if each["provider_name"] == "DeepSeek"
    ]
    usd = {name: float(listed[name]) for name in ("prompt", "completion", "input_cache_read")}
    mix = (
        (PROMPT - CACHED) * usd["prompt"]
        + CACHED * usd["input_cache_read"]
        + GENERATED * usd["completion"]
    )
    row = one(
        con, f"from make_or_buy_daily where date = '{DAY}' and target = 'ours' and kind = 'list'"
    )
    assert float(row["market_usd_per_mtok"]) == pytest.approx(
        1e6 * mix / (PROMPT + GENERATED), rel=1e-3
    )
    assert float(row["local_usd_per_mtok"]) == pytest.approx(
        1e6 * 24 * USD_AN_HOUR / TOKENS, rel=0.005
    )
    assert row["busy_share"] == pytest.approx(1, rel=0.005)


def test_our_place_among_hosts(con: duckdb.DuckDBPyConnection) -> None:
    """300 ms, between 200 and 400, among what the hosts said that morning."""
    row = one(
        con, f"from speed_parity_daily where date = '{DAY}' and target = 'ours' and metric = 'ttft'"
    )
    assert row["local_p50"] == pytest.approx(300)
    said = SyntheticMarket(SEED).endpoints(MODEL, MORNING)["endpoints"]
    speeds = [each["latency_last_30m"]["p50"] for each in said if each.get("latency_last_30m")]
    assert row["hosts"] == len(speeds)
    assert row["percentile_among_hosts"] == pytest.approx(
        sum(each > 300 for each in speeds) / len(speeds)
    )
    assert row["coverage"] == pytest.approx(1 / 48)


def test_devices_for_a_share(con: duckdb.DuckDBPyConnection) -> None:
    """One percent of the family at what one device serves in a busy day."""
    row = one(
        con,
        f"from devices_for_share_daily where date = '{DAY}' and target = 'ours' and wanted_share = 0.01",
    )
    assert row["devices_needed"] == pytest.approx(0.01 * market_tokens() / TOKENS, rel=0.02)


# What a figure of both halves rests on can be handed on.

JOINT = f"from make_or_buy_daily where date = '{DAY}'"


def bundle_of(home: Settings, what: str, folder: Path, as_of: datetime | None = None) -> Path:
    """Its evidence, moved to where nothing of the home is."""
    made = bundle.make(home, what, folder / "made", as_of)
    return Path(shutil.move(made.folder, folder / "elsewhere"))


def test_what_rests_on_both_halves_is_computed_again_to_the_same_bytes(
    home: Settings, tmp_path: Path
) -> None:
    """Answers, segments and what the tier file said are in the bundle."""
    bundle = bundle_of(home, JOINT, tmp_path)
    [segment] = csv.DictReader((bundle / "segments.csv").read_text().splitlines())
    assert (
        bundle / "raw" / "telemetry" / "scrapes" / segment["segment_id"][:8] / segment["segment_id"]
    ).exists()
    assert bundle.recompute(bundle).is_same
    assert len((bundle / "result.csv").read_text().splitlines()) > 1


def test_the_past_of_the_tier_is_computed_again_as_it_was_known(
    home: Settings, tmp_path: Path
) -> None:
    """At noon of that day half its tokens were known."""
    query = (
        "select sum(prompt_tokens + generation_tokens)::bigint as tokens from served_tokens_hourly"
    )
    bundle = bundle_of(home, query, tmp_path, datetime(2026, 6, 18, 12, tzinfo=UTC))
    assert (bundle / "result.csv").read_text() == f"tokens\n{TOKENS // 2}\n"
    assert bundle.recompute(bundle).is_same


def test_a_bundle_of_the_tier_notices_what_was_changed(home: Settings, tmp_path: Path) -> None:
    """Another price of energy gives other figures, and a segment with other bytes is not taken; nothing says where the tier is."""
    bundle = bundle_of(home, JOINT, tmp_path)
    assert not [
        path for path in bundle.rglob("*") if path.is_file() and b"127.0.0.1" in path.read_bytes()
    ]
    tier = bundle / "tier.json"
    said = tier.read_text()
    tier.write_text(said.replace('\\"usd_per_kwh\\":\\"0.2\\"', '\\"usd_per_kwh\\":\\"0.3\\"'))
    assert tier.read_text() != said
    assert not bundle.recompute(bundle).is_same
    [segment] = (bundle / "raw" / "telemetry").rglob("*.parquet")
    segment.write_bytes(segment.read_bytes() + b" ")
    with pytest.raises(QueryFailed, match="does not hold the bytes that were loaded"):
        bundle.recompute(bundle)
    segment.unlink()
    with pytest.raises(QueryFailed, match="1 segments are not in the raw archive, such as"):
        bundle.recompute(bundle)
    listed = (bundle / "segments.csv").read_text()
    (bundle / "segments.csv").write_text(listed.replace(segment.name, f"../../{segment.name}"))
    with pytest.raises(QueryFailed, match="is no segment"):
        bundle.recompute(bundle)
