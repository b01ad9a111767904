"""A home in which every name that others choose tries to run, to link, or to break out.

Names of models, authors, hosts and apps come by answers of the market, those of served models,
callers and devices by metrics pages and spend logs, those of targets and services by the tier file,
which discovery may have filled.
"""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from support.collecting import collect_until, has_scraped
from support.payloads import APPS, BENCHMARKS, ENDPOINTS, MODELS, PROVIDERS, SESSION_COSTS, TASKS
from support.spend.litellm_log import spend_row, write_lines

from dashboards.statements.comparison import Comparison, SavedClaim
from pipelines.archive import Answer, Archive
from pipelines.claims.saved_claims import save_claim
from pipelines.ingest.market import load_archive
from pipelines.ingest.spend import take_spend
from pipelines.ingest.telemetry import ingest_telemetry
from pipelines.settings import Settings
from pipelines.telemetry.config.tier import read_tier

ELSEWHERE = "evil.example"
RUN = "window.hostile=1"
# An element with this attribute in any page is markup of a name that was not escaped.
MARK = "data-hostile"
HOSTILE = {
    "picture": f'<img {MARK} src=x onerror="{RUN}">',
    "script": f'"><script {MARK}>{RUN}</script>',
    "end": f"</script></style></textarea><svg {MARK} onload={RUN}>",
    "comment": f"<!--<script>--><b {MARK}>",
    "attribute": f"' autofocus {MARK} onfocus={RUN} x='",
    "link": f'<a {MARK} href="javascript:{RUN}">press</a>',
    "elsewhere": f'<a {MARK} href="https://{ELSEWHERE}/">press</a>',
    "markdown": f"[press](javascript:{RUN}) ![x](https://{ELSEWHERE}/x.png)",
    "template": "{{constructor.constructor('" + RUN + "')()}}${" + RUN + "}%{x}",
    "formula": f'=HYPERLINK("https://{ELSEWHERE}/","x")',
    "add": "@SUM(1+1)*cmd|' /C calc'!A0",
    "xml": f"]]><entry {MARK}>&unknown;",
    "lines": "first\r\nSet-Cookie: hostile=1\r\n\r\n<b " + MARK + ">",
    "controls": "\x1b[31mred\x07\u202egnp.exe\u2028x\ufffe",
    "query": "'; drop table marts.models; --$family",
    "path": "../../../etc/passwd",
}
NAMES = tuple(HOSTILE.values())
DAYS = 30
ASKED_AT = datetime(2026, 8, 23, 9, tzinfo=UTC)
LAST_DAY = date(2026, 8, 22)
# The family of a listing ends with its colon.
FAMILY = HOSTILE["template"] + "/" + HOSTILE["template"]
BELOW = Comparison(
    dimension="family",
    above=FAMILY,
    below=HOSTILE["script"],
    first_week=date(2026, 8, 3),
    last_week=date(2026, 8, 10),
)
PAGE = """process_start_time_seconds 1795295012.25
{series}
"""
SERIES = (
    'vllm:prompt_tokens_total{{model_name="{name}"}} {count}',
    'vllm:generation_tokens_total{{model_name="{name}"}} {count}',
    'vllm:num_requests_running{{model_name="{name}"}} 1',
    'vllm:request_success_total{{model_name="{name}",finished_reason="{name}"}} {count}',
    'vllm:cache_config_info{{model_name="{name}",gpu_memory_utilization="{name}"}} 1',
)


def make_home(folder: Path, url: str) -> Settings:
    """Publish the home, whose targets are scraped at this address."""
    settings = Settings(folder / "home", tier=folder / "tier.toml")
    settings.home.mkdir(parents=True)
    settings.tier.write_text(tier_file(url), encoding="utf-8")
    tier = read_tier(settings.tier)
    collect_until(settings.telemetry_spool, tier, has_scraped(2))
    keep_answers(Archive(settings.archive))
    take_spend(settings, spend_log(folder), "gateway", "all")
    save_claim(
        settings,
        SavedClaim(
            claim_id="hostile",
            comparison=BELOW,
            statement=HOSTILE["picture"] + HOSTILE["end"] + HOSTILE["xml"],
            said_by=HOSTILE["script"] + HOSTILE["formula"],
        ),
    )
    load_archive(settings)
    ingest_telemetry(settings)
    return settings


def metrics_page(count: int) -> bytes:
    """Return a page of vLLM whose labels are hostile, in which this much is counted."""
    lines = [
        line.format(name=_label(name), count=count * number)
        for number, name in enumerate(NAMES, start=1)
        for line in SERIES
    ]
    return PAGE.format(series="\n".join(lines)).encode()


def tier_file(url: str) -> str:
    """Return a tier file in which each target, service and kind of device is hostile."""
    targets = [
        f'[[target]]\nname = {_toml(name)}\nservice = {_toml(name)}\nurl = "{url}/{number}"\n'
        f'engine = "vllm"\nscrape_seconds = 0.5\ndevices = 1\ndevice_kind = {_toml(name)}\n'
        f"quantization = {_toml(name)}\nmodel_map = {{ {_toml(name)} = {_toml(slug(name))} }}\n"
        f"[[cost]]\ndevice_kind = {_toml(name)}\ncapex_usd = 1000\namortisation_years = 4\n"
        "idle_watts = 15\nrated_watts = 65\n"
        for number, name in enumerate(NAMES)
    ]
    return "\n".join([*targets, "[energy]\nusd_per_kwh = 0.2\n"])


def slug(name: str) -> str:
    """Return a listing whose author and model have this name."""
    return f"{name}/{name}" if "/" not in name else name


def spend_log(folder: Path) -> Path:
    """Write a gateway's log in which each caller, team and model is hostile."""
    rows = [
        spend_row(
            number,
            metadata={"user_api_key_alias": name, "user_api_key_team_alias": name},
            model=name,
            model_group=name,
            team_id=name,
            end_user=name,
            user=name,
        )
        for number, name in enumerate(NAMES)
    ]
    return write_lines(folder / "spend.jsonl", *rows)


def keep_answers(archive: Archive) -> None:
    """Archive an answer of each source of the market, in which every text is hostile."""

    def keep(source: str, payload: Any, **context: str) -> None:
        answer = Answer(
            source, "http://h/x", ASKED_AT, 200, 0, "", "run", context=context, origin="simulated"
        )
        archive.keep(answer, json.dumps(payload).encode())

    keep("models", _catalogue())
    keep("rankings_daily", _rankings())
    keep("endpoints", _hosts(), model=slug(NAMES[0]))
    keep("app_rankings", _each(APPS, "app_name"))
    keep("session_costs", _each(SESSION_COSTS, "app_name", "app_slug", "model_permaslug"))
    keep("benchmarks", _each(BENCHMARKS, "display_name", "model_permaslug"))
    keep("providers", _each(PROVIDERS, "name", "slug"))
    keep("task_classifications", _tasks())


def _catalogue() -> Any:
    entry = MODELS["data"][0]
    rows = [
        entry
        | {"id": slug(name), "canonical_slug": slug(name), "name": name, "description": name}
        | {"hugging_face_id": slug(name)}
        for name in NAMES
    ]
    return MODELS | {"data": rows, "total_count": len(rows), "links": {"next": None}}


def _rankings() -> Any:
    names = [*map(slug, NAMES), *(f"lab/model-{number}" for number in range(50 - len(NAMES)))]
    days = [LAST_DAY - timedelta(days=number) for number in range(DAYS)]
    data = [
        {"date": f"{day}", "model_permaslug": name, "total_tokens": f"{(90 - place) * 1000 + n}"}
        for n, day in enumerate(days)
        for place, name in enumerate([*names, "other"])
    ]
    window = {"start_date": f"{days[-1]}", "end_date": f"{days[0]}"}
    return {"data": data, "meta": {"as_of": ASKED_AT.isoformat(), "version": "v1", **window}}


def _hosts() -> Any:
    data = ENDPOINTS["data"]
    [host] = data["endpoints"]
    hosts = [
        host
        | {"provider_name": name, "tag": name, "name": name, "quantization": name}
        | {"model_id": slug(NAMES[0]), "status": 0}
        for name in NAMES
    ]
    return {"data": data | {"id": slug(NAMES[0]), "endpoints": hosts}}


def _each(payload: Any, *fields: str) -> Any:
    """Return a payload whose entries are repeated with each hostile name in these fields."""
    entries = payload["data"]
    rows = [
        entry
        | dict.fromkeys(fields, name)
        | ({"rank": number, "app_id": number} if "rank" in entry else {})
        for number, name in enumerate(NAMES, start=1)
        for entry in entries[:1]
    ]
    return payload | {"data": rows}


def _tasks() -> Any:
    data = TASKS["data"]
    [task] = data["classifications"]
    rows = [
        task
        | {"tag": name, "display_name": name, "macro_category": name}
        | {"models": [{"id": slug(name), "tag_usage_share": 0.5, "tag_token_share": 0.5}]}
        for name in NAMES
    ]
    kinds = [{"key": n, "label": n, "usage_share": 0.1, "token_share": 0.1} for n in NAMES]
    return {"data": data | {"classifications": rows, "macro_categories": kinds}}


def _label(name: str) -> str:
    return name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _toml(text: str) -> str:
    # JSON's escapes are TOML's.
    return json.dumps(text)
