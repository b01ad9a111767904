"""A small home in which much is unknown: gaps, models without a price, bare servers."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from support.payloads import (
    APPS,
    BENCHMARKS,
    ENDPOINTS,
    MODELS,
    PROVIDERS,
    SESSION_COSTS,
    TASKS,
)
from support.telemetry_facts import scrape

from pipelines.archive import Answer, Archive
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import ingest_telemetry
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.metrics.vocabulary import Series

FIRST_DAY, LAST_DAY = date(2026, 7, 1), date(2026, 8, 22)
RENAMED = datetime(2026, 8, 14, 8, tzinfo=UTC)
NO_OTHER, NO_ROWS = date(2026, 8, 3), date(2026, 8, 5)
KIMI = "moonshotai/kimi-k2.6-20260420"
# Tokens of each listing on the first day; most have something that is not known.
LISTINGS = {
    KIMI: 900,
    "l/paid-1": 700,
    "l/paid-1:free": 300,
    "l/zero": 250,
    "l/promoted": 240,
    "l/image": 230,
    "l/never-listed": 220,
    "nobody/heard-of": 210,
    "openrouter/pony-alpha": 200,
    "stealth/another": 190,
    # A day of fewer models is not validated.
    **{f"l/other-{number}": 100 - number for number in range(40)},
}
# Prompt and completion price a token and the discount, by id and slug.
PRICES: tuple[tuple[str, str, str, str, float | None], ...] = (
    ("l/paid", "l/paid-1", "0.000001", "0.000002", None),
    ("l/paid:free", "l/paid-1", "0", "0", None),
    ("l/zero", "l/zero", "0", "0", 0),
    ("l/image", "l/image", "0", "0", None),
    ("l/given", "l/given", "0", "0", 1),
    ("openrouter/auto", "openrouter/auto", "-1", "-1", None),
)
OTHER_SOURCES = {
    "app_rankings": APPS,
    "session_costs": SESSION_COSTS,
    "benchmarks": BENCHMARKS,
    "task_classifications": TASKS,
    "providers": PROVIDERS,
}
TIER = """
[[target]]
name = "ours"
url = "http://127.0.0.1:1/metrics"
engine = "vllm"
devices = 1
device_kind = "K"
scrape_seconds = 60
model_map = { m = "moonshotai/kimi-k2.6-20260420" }

[[target]]
name = "bare"
url = "http://127.0.0.1:2/metrics"
engine = "vllm"
devices = 2
device_kind = "unrated"
scrape_seconds = 60

[[cluster]]
name = "pod"
targets = ["ours"]
alone_tokens_per_second = 100

[[cluster]]
name = "rest"
targets = ["b*"]

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


def make_home(folder: Path) -> Settings:
    """Publish the home."""
    (folder / "tier.toml").write_text(TIER)
    settings = Settings(folder / "home", tier=folder / "tier.toml")
    _keep_answers(Archive(settings.archive))
    SegmentWriter(settings.telemetry_spool).write([*_scrapes_of_ours(), *_scrapes_of_others()])
    load_archive(settings)
    ingest_telemetry(settings)
    return settings


def _keep_answers(archive: Archive) -> None:
    def keep(source: str, at: datetime, payload: Any, **context: str) -> None:
        answer = Answer(
            source, "http://h/x", at, 200, 0, "", "run", context=context, origin="simulated"
        )
        archive.keep(answer, json.dumps(payload).encode())

    for at in (RENAMED - timedelta(days=9), RENAMED):
        keep("models", at, _catalogue(at))
    keep("endpoints", RENAMED, hosts(), model=KIMI)
    for at, tail in ((datetime(2026, 8, 22, 9, tzinfo=UTC), 1), (_asked_at(), 2)):
        keep("rankings_daily", at, _rankings(at, tail))
    for source, payload in OTHER_SOURCES.items():
        keep(source, _asked_at(), payload)


def _asked_at() -> datetime:
    return datetime(2026, 8, 23, 9, tzinfo=UTC)


def _catalogue(at: datetime) -> Any:
    entry = MODELS["data"][0]
    kimi = "moonshotai/kimi-k2-6" if at == RENAMED else "moonshotai/kimi-k2.6"
    promoted = ("0.00000025", "0.0000005", 0.75) if at == RENAMED else ("0.000001", "0.000002", 0)
    rows = [
        (kimi, KIMI, "0.00000073", "0.00000349", 0),
        ("l/promoted", "l/promoted", *promoted),
        *PRICES,
    ]
    return {
        "data": [
            entry
            | {"id": model_id, "canonical_slug": slug, "hugging_face_id": None, "name": model_id}
            | {"pricing": {"prompt": prompt, "completion": completion, "discount": share}}
            | {"architecture": entry["architecture"] | _outputs(model_id)}
            for model_id, slug, prompt, completion, share in rows
        ],
        "total_count": len(rows),
        "links": {"next": None},
    }


def _outputs(model_id: str) -> dict[str, list[str]]:
    return {"output_modalities": ["image"] if model_id == "l/image" else ["text"]}


def hosts() -> Any:
    """Return the answer about a model's hosts: one promotes it, one charges more than it says."""
    data = ENDPOINTS["data"]
    [host] = data["endpoints"]
    prices = {"A": ("0.0000001", 0.75), "B": ("0.00000009", 0), "C": ("0.0000002", -0.05)}
    return {
        "data": data
        | {"id": "moonshotai/kimi-k2-6"}
        | {
            "endpoints": [
                host
                | {"provider_name": name, "tag": name.lower(), "quantization": None, "status": 0}
                | {"name": name, "model_id": "moonshotai/kimi-k2-6"}
                | {"pricing": {"prompt": usd, "completion": usd, "discount": share}}
                for name, (usd, share) in prices.items()
            ]
        }
    }


def _rankings(at: datetime, tail: int) -> Any:
    days = (LAST_DAY - FIRST_DAY).days + 1
    data = [
        {"date": day.isoformat(), "model_permaslug": name, "total_tokens": str(tokens + number)}
        for number in range(days)
        for day in [FIRST_DAY + timedelta(days=number)]
        if day != NO_ROWS and day < at.date()
        for name, tokens in [*LISTINGS.items(), ("other", 1000 + tail)]
        if name != "other" or day != NO_OTHER
    ]
    last = min(LAST_DAY, at.date() - timedelta(days=1))
    window = {"start_date": FIRST_DAY.isoformat(), "end_date": last.isoformat()}
    return {"data": data, "meta": {"as_of": at.isoformat(), "version": "v1", **window}}


def _scrapes_of_ours() -> list[Scrape]:
    """Return three hours: work, a gap that tokens end, and nothing."""
    prompts = Series("prompt_tokens", "counter", model_name="m")
    generated = Series("generation_tokens", "counter", model_name="m")
    cached = Series("cached_prompt_tokens", "counter", model_name="m")
    running = Series("requests_running", "gauge", model_name="m")
    power = Series("power_watts", "gauge", device="0", labels='provenance="measured"')
    served = [(minute, 100 * minute, 1.0) for minute in range(60)]
    # Twenty quiet minutes of the second hour, then a gap of half an hour that 800 tokens end.
    served += [(60 + minute, 5900, 0.0) for minute in range(20)]
    served += [(110 + minute, 6700, 0.0) for minute in range(70)]
    return [
        scrape(
            60.0 * minute,
            {prompts: 6.0 * tokens, generated: tokens, cached: tokens, running: busy, power: 300.0},
            target="ours",
        )
        for minute, tokens, busy in served
    ]


def _scrapes_of_others() -> list[Scrape]:
    """Return a server that counts no prompts, and one that is in no tier file and fails at last."""
    bare = Series("generation_tokens", "counter", model_name="bare-model")
    strange = Series("prompt_tokens", "counter", model_name="strange")
    return [
        *(scrape(60.0 * minute, {bare: 10.0 * minute}, target="bare") for minute in range(10)),
        *(scrape(60.0 * minute, {strange: 0.0}, target="stranger") for minute in range(10)),
        scrape(660.0, None, target="stranger"),
    ]
