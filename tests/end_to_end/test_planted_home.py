"""One run from raw answers and scrapes to the joint tables, with known figures on both sides.

The market is synthetic; tokens, power, latency and cost of the tier are chosen here.
"""

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
from support.homes.unknown_figures import unexplained
from support.telemetry_facts import START as FACTS_START
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

SEED, DAY = 1, date(2026, 6, 18)
MODEL, PERMASLUG = "deepseek/deepseek-v4-pro", "deepseek/deepseek-v4-pro-20260423"
MORNING, LATER = datetime(2026, 6, 18, 8, tzinfo=UTC), datetime(2026, 6, 20, 8, tzinfo=UTC)
MINUTES = 24 * 60
# Each minute: 3,000 prompt tokens are computed, 3,000 are cached, 2,000 are generated; 400 W; ten
# first tokens between 0.2 and 0.4 s.
PROMPT, CACHED, GENERATED, WATTS, REQUESTS = 6000, 3000, 2000, 400.0, 10
TOKENS = (PROMPT + GENERATED) * MINUTES
# Half a dollar an hour over four years, another to run it, and 0.4 kW at 1.25 times 0.2 USD a kWh.
USD_PER_HOUR = 1.0 + 0.1
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


def write_scrapes(settings: Settings) -> None:
    """Write scrapes of that day, a minute apart, as one closed segment."""
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
    faster = Series("ttft_seconds", "histogram", "bucket", 0.2, "our-v4-pro")
    running = Series("requests_running", "gauge", model_name="our-v4-pro")
    power = Series("power_watts", "gauge", device="0", labels='provenance="measured"')
    midnight = (datetime(2026, 6, 18, tzinfo=UTC) - FACTS_START).total_seconds()
    SegmentWriter(settings.telemetry_spool).write(
        [
            scrape(
                # The scrape that ends a minute comes within it.
                midnight - 1 + 60 * minute,
                {series: each * minute for series, each in counters.items()}
                | dict.fromkeys(first_tokens, float(REQUESTS * minute))
                | {faster: 0.0, running: 1.0, power: WATTS},
                target="ours",
            )
            for minute in range(MINUTES + 1)
        ]
    )


def keep_answers(settings: Settings) -> None:
    """Keep prices and hosts of that morning, and rankings of two days later, as raw answers."""
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
    window = {"start_date": "2026-06-15", "end_date": "2026-06-19"}
    meta = {"as_of": LATER.isoformat(), "version": "v1", **window}
    keep("models", MORNING, {"data": market.models(MORNING)})
    keep("endpoints", MORNING, {"data": market.endpoints(MODEL, MORNING)}, model=PERMASLUG)
    keep("rankings_daily", LATER, {"data": data, "meta": meta})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a home with only those answers and scrapes, published."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "tier.toml").write_text(TIER)
    settings = Settings(folder / "home", tier=folder / "tier.toml")
    keep_answers(settings)
    write_scrapes(settings)
    load_archive(settings)
    ingest_telemetry(settings)
    return settings


@pytest.fixture(scope="module")
def con(home: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a connection to the published file."""
    with closing(open_published(newest(home))) as published:
        yield published


def one(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    [row] = con.sql(query).pl().to_dicts()
    return row


def market_tokens() -> int:
    """Return the tokens that the market served of the model on that day, over all listings."""
    rows = SyntheticMarket(SEED).rankings(RankingsQuery(DAY, DAY), LATER)
    return sum(
        row.total_tokens for row in rows if row.model_permaslug.partition(":")[0] == PERMASLUG
    )


def test_our_tokens_beside_the_markets(con: duckdb.DuckDBPyConnection) -> None:
    """Every token of the counters, every token of the rankings, and their ratio.

    The capacity is that of a busy day.
    """
    row = one(con, f"from local_vs_market_daily where date = '{DAY}' and target = 'ours'")
    assert row["model_family"] == "deepseek/deepseek-v4-pro"
    assert (row["local_tokens"], row["market_tokens"]) == (TOKENS, market_tokens())
    assert row["local_to_market"] == pytest.approx(TOKENS / market_tokens())
    capacity = row["days_of_capacity_per_market_day"]
    assert capacity == pytest.approx(market_tokens() / TOKENS, rel=0.01)


def test_a_day_without_tokens_has_no_shares(con: duckdb.DuckDBPyConnection) -> None:
    """The first scrape was a second before midnight: the day before has a row without tokens."""
    row = one(con, "from local_tokens_daily where date = '2026-06-17'")
    assert (row["total_tokens"], row["share_of_target"]) == (0, None)
    assert row["mix_reason"] == "no tokens on this day"
    columns = con.sql(
        "select table_name, column_name from duckdb_columns() "
        "where data_type = 'DOUBLE' and schema_name = 'marts'"
    ).fetchall()
    wrong = [f"select '{table}' from {table} where isnan({column})" for table, column in columns]
    assert con.sql(" union all ".join(wrong)).fetchall() == []
    assert not unexplained(con), "\n".join(unexplained(con))


def test_every_grain_conserves_tokens(con: duckdb.DuckDBPyConnection) -> None:
    """Model, family, author and platform: the share times the market is what we served."""
    columns = "grain, local_to_market * market_tokens"
    rows = con.sql(
        f"select {columns} from local_vs_market_grains_daily where date = '{DAY}'"
    ).fetchall()
    assert {grain for grain, _ in rows} == {"model", "family", "author", "platform"}
    assert [tokens for _, tokens in rows] == pytest.approx([TOKENS] * len(rows))


def test_make_or_buy(con: duckdb.DuckDBPyConnection) -> None:
    """The market's price of our own mix, each token once, beside our own cost of that day."""
    # The list price is that of the lab itself, where it hosts the model.
    [listed] = [
        each["pricing"]
        for each in SyntheticMarket(SEED).endpoints(MODEL, MORNING)["endpoints"]
        if each["provider_name"] == "DeepSeek"
    ]
    usd = {name: float(listed[name]) for name in ("prompt", "completion", "input_cache_read")}
    computed = PROMPT - CACHED
    mix = computed * usd["prompt"] + CACHED * usd["input_cache_read"]
    mix += GENERATED * usd["completion"]
    market_usd = 1e6 * mix / (PROMPT + GENERATED)
    where = f"date = '{DAY}' and target = 'ours' and kind = 'list'"
    row = one(con, f"from make_or_buy_daily where {where}")
    assert float(row["market_usd_per_mtok"]) == pytest.approx(market_usd, rel=1e-3)
    local_usd = 1e6 * 24 * USD_PER_HOUR / TOKENS
    assert float(row["local_usd_per_mtok"]) == pytest.approx(local_usd, rel=0.005)
    assert row["busy_share"] == pytest.approx(1, rel=0.005)


def test_our_place_among_hosts(con: duckdb.DuckDBPyConnection) -> None:
    """300 ms, between 200 and 400, among the hosts' speeds of that morning."""
    where = f"date = '{DAY}' and target = 'ours' and metric = 'ttft'"
    row = one(con, f"from speed_parity_daily where {where}")
    assert row["local_p50"] == pytest.approx(300)
    endpoints = SyntheticMarket(SEED).endpoints(MODEL, MORNING)["endpoints"]
    speeds = [each["latency_last_30m"]["p50"] for each in endpoints if each.get("latency_last_30m")]
    assert row["hosts"] == len(speeds)
    slower = sum(each > 300 for each in speeds) / len(speeds)
    assert row["percentile_among_hosts"] == pytest.approx(slower)
    assert row["coverage"] == pytest.approx(1 / 48)


def test_devices_for_a_share(con: duckdb.DuckDBPyConnection) -> None:
    """One percent of the family at the tokens that one device serves in a busy day."""
    where = f"date = '{DAY}' and target = 'ours' and wanted_share = 0.01"
    row = one(con, f"from devices_for_share_daily where {where}")
    assert row["devices_needed"] == pytest.approx(0.01 * market_tokens() / TOKENS, rel=0.02)


JOINT = f"from make_or_buy_daily where date = '{DAY}'"


def make_bundle(home: Settings, query: str, folder: Path, as_of: datetime | None = None) -> Path:
    """Make a bundle and move it to where nothing of the home is."""
    made = bundle.make(home, query, folder / "made", as_of)
    return Path(shutil.move(made.folder, folder / "elsewhere"))


def test_a_figure_of_both_halves_is_recomputed_to_the_same_bytes(
    home: Settings, tmp_path: Path
) -> None:
    """Answers, segments and the tier file are in the bundle."""
    folder = make_bundle(home, JOINT, tmp_path)
    [segment] = csv.DictReader((folder / "segments.csv").read_text().splitlines())
    name = segment["segment_id"]
    assert (folder / "raw" / "telemetry" / "scrapes" / name[:8] / name).exists()
    assert bundle.recompute(folder).is_same
    assert len((folder / "result.csv").read_text().splitlines()) > 1


def test_the_past_of_the_tier_is_recomputed_as_it_was_known(home: Settings, tmp_path: Path) -> None:
    """At noon of that day half its tokens were known."""
    tokens = "sum(prompt_tokens + generation_tokens)::bigint as tokens"
    query = f"select {tokens} from served_tokens_hourly"
    folder = make_bundle(home, query, tmp_path, datetime(2026, 6, 18, 12, tzinfo=UTC))
    assert (folder / "result.csv").read_text() == f"tokens\n{TOKENS // 2}\n"
    assert bundle.recompute(folder).is_same


@pytest.fixture
def changed(home: Settings, tmp_path: Path) -> Path:
    """Return a bundle to change."""
    return make_bundle(home, JOINT, tmp_path)


def test_a_bundle_does_not_reveal_the_address_of_a_target(changed: Path) -> None:
    files = [path for path in changed.rglob("*") if path.is_file()]
    assert not [path for path in files if b"127.0.0.1" in path.read_bytes()]


@pytest.mark.long
def test_a_bundle_with_another_price_of_energy_gives_other_figures(changed: Path) -> None:
    tier = changed / "tier.json"
    text = tier.read_text()
    tier.write_text(text.replace('\\"usd_per_kwh\\":\\"0.2\\"', '\\"usd_per_kwh\\":\\"0.3\\"'))
    assert tier.read_text() != text
    assert not bundle.recompute(changed).is_same


def test_a_bundle_with_other_segments_is_refused(changed: Path) -> None:
    """Other bytes, a missing segment, and a name that leads out of the archive are."""
    [segment] = (changed / "raw" / "telemetry").rglob("*.parquet")
    segment.write_bytes(segment.read_bytes() + b" ")
    with pytest.raises(QueryFailed, match="does not hold the bytes that were loaded"):
        bundle.recompute(changed)
    segment.unlink()
    with pytest.raises(QueryFailed, match="1 segments are not in the raw archive, such as"):
        bundle.recompute(changed)
    listed = (changed / "segments.csv").read_text()
    (changed / "segments.csv").write_text(listed.replace(segment.name, f"../../{segment.name}"))
    with pytest.raises(QueryFailed, match="is no segment"):
        bundle.recompute(changed)
