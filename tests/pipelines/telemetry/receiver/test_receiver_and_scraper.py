"""The same pages of a vLLM, scraped and pushed on each way, are the same facts."""

import re
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToJson
from support.receiver.pushed_pages import otlp_of, points_of
from support.receiver.receiving import (
    LIMITS,
    SERVER,
    V1,
    V2,
    Receiving,
    receiving,
    request_v2,
    write_request,
)
from support.telemetry_facts import TelemetryHome

from pipelines.telemetry.backfill.text_files import make_normaliser, make_scrape
from pipelines.telemetry.config.tier import Tier, parse_tier

PAGE = """# TYPE process_start_time_seconds gauge
process_start_time_seconds 1795295012.25
# TYPE python_gc_objects_collected_total counter
python_gc_objects_collected_total{{generation="0"}} 1460.0
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{{engine="0",model_name="m"}} {prompt}
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{{engine="0",model_name="m"}} {generated}
# TYPE vllm:request_success_total counter
vllm:request_success_total{{engine="0",finished_reason="stop",model_name="m"}} {finished}
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",model_name="m"}} {running}
# TYPE vllm:gpu_cache_usage_perc gauge
vllm:gpu_cache_usage_perc{{engine="0",model_name="m"}} 0.25
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{{engine="0",model_name="m"}} 0.25
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{{engine="0",le="0.001",model_name="m"}} {running}
vllm:time_to_first_token_seconds_bucket{{engine="0",le="0.25",model_name="m"}} {finished}
vllm:time_to_first_token_seconds_bucket{{engine="0",le="+Inf",model_name="m"}} {prompt}
vllm:time_to_first_token_seconds_count{{engine="0",model_name="m"}} {prompt}
vllm:time_to_first_token_seconds_sum{{engine="0",model_name="m"}} {seconds}
"""
NAME = SERVER["instance"]
TIER = parse_tier(
    f'[[target]]\nname = "chat-0"\nurl = "http://{NAME}/metrics"\nengine = "vllm"\n'
    'model_map = { m = "lab/m" }\n'
)
Pages = list[tuple[int, str]]  # milliseconds since 1970, text
Send = Callable[[Receiving, str, int], httpx.Response]


def pages() -> Pages:
    """Make four pages, the last of another process, some minutes ago."""
    first = (round(time.time()) // 3600 - 1) * 3_600_000 + 60_000
    made = []
    for number in range(4):
        text = PAGE.format(
            prompt=100 + 70 * number,
            generated=50 + 333 * number,
            finished=20 + number,
            running=number,
            seconds=0.1 + 1 / 3 * number,
        )
        text = text.replace("1795295012.25", "1795295099.5") if number == 3 else text
        made.append((first + number * 5_000, text))
    return made


def send_v1(running: Receiving, page: str, at: int) -> httpx.Response:
    return running.write(write_request(points_of(page, at, prometheus="a")), V1)


def send_v2(running: Receiving, page: str, at: int) -> httpx.Response:
    return running.write(request_v2(points_of(page, at)), V2)


def send_otlp(running: Receiving, page: str, at: int) -> httpx.Response:
    content = otlp_of(page, at).SerializeToString()
    return post(running, content, "application/x-protobuf")


def send_json(running: Receiving, page: str, at: int) -> httpx.Response:
    return post(running, MessageToJson(otlp_of(page, at)).encode(), "application/json")


def post(running: Receiving, content: bytes, media: str) -> httpx.Response:
    headers = {"Content-Type": media}
    return httpx.post(f"{running.url}/v1/metrics", content=content, headers=headers)


def scraped_facts(folder: Path, made: Pages) -> dict[str, Any]:
    """Return the facts of the pages as the collector would scrape them."""
    [target] = TIER.targets
    reader, scrapes = make_normaliser(target), []
    for at, text in made:
        instant = datetime.fromtimestamp(at / 1000, UTC)
        scrapes.append(make_scrape(target, instant, reader.read(text.encode(), at / 1000)))
    home = TelemetryHome(folder)
    with closing(home.con):
        home.load(scrapes, tier=TIER)
        return without_counts(home)


def pushed_facts(folder: Path, tier: Tier | None = TIER) -> dict[str, Any]:
    """Return the facts of what a receiver wrote."""
    home = TelemetryHome(folder)
    with closing(home.con):
        assert not home.load(tier=tier).unreadable
        return without_counts(home)


def without_counts(home: TelemetryHome) -> dict[str, Any]:
    """Return all facts but counts of lines that are not kept, which no sender tells."""
    home.con.execute(
        "update ledger.scrape_outcome_hours set read_samples = null, unknown_families = null"
    )
    return home.facts()


LONG = pytest.mark.long


@pytest.mark.parametrize(
    "send",
    [
        send_v2,
        send_otlp,
        pytest.param(send_v1, marks=LONG),
        pytest.param(send_json, marks=LONG),
    ],
)
def test_pushed_pages_are_the_facts_of_scraped_ones(tmp_path: Path, send: Send) -> None:
    """Counters, a restart, histograms, gauges, old names, coverage, outcomes."""
    made = pages()
    with receiving(tmp_path / "pushed", TIER, limits=LIMITS) as running:
        for at, text in made:
            response = send(running, text, at)
            assert response.status_code in {200, 204}, response.text
    pushed = pushed_facts(tmp_path / "pushed")
    assert pushed["counter_minutes"]
    assert pushed["histogram_hours"]
    assert pushed == scraped_facts(tmp_path / "scraped", made)


def test_a_server_that_the_tier_file_does_not_name_is_recorded(tmp_path: Path) -> None:
    """It is found by its families, with its own interval, and has the same growth."""
    with receiving(tmp_path / "pushed") as running:
        for at, text in pages():
            send_v2(running, text, at)
    home = TelemetryHome(tmp_path / "pushed")
    with closing(home.con):
        home.load()
        entries = "select name, entry::varchar from raw.tier_file order by valid_from nulls first"
        name, entry = home.rows(entries)[-1]
        assert name == NAME
        assert re.search(r'"scrape_seconds": ?5.0', entry)
        assert '"engine":"vllm"' in entry.replace(" ", "")
        assert '"service":"vllm"' in entry.replace(" ", "")
        assert home.growth(f"target = '{NAME}'") > 0
