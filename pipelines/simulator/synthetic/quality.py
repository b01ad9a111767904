"""Quality and use of the synthetic market's models: benchmark results and task classification."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta

from pipelines.simulator.errors import JsonObject
from pipelines.simulator.market_protocol import date_range
from pipelines.simulator.synthetic.catalogue import Catalogue, quality_index
from pipelines.simulator.synthetic.days import day_as_known
from pipelines.simulator.synthetic.hosts import best_price, pricing
from pipelines.simulator.synthetic.models import Listing, SyntheticModel
from pipelines.simulator.synthetic.numbers import noise, one_noise

WINDOW_DAYS = 7
MODELS_PER_TAG = 5
SEARCH_MODELS = 8
RANKED_QUALITY = 40
# Tag (its macro category before the colon), name, and typical part of sampled requests.
TAGS = (
    ("code:general_impl", "Code Generation", 0.17),
    ("code:debugging", "Debugging", 0.12),
    ("code:refactoring", "Refactoring", 0.07),
    ("code:review", "Code Review", 0.05),
    ("data:extraction", "Data Extraction", 0.08),
    ("data:analysis", "Data Analysis", 0.06),
    ("agent:tool_orchestration", "Tool Orchestration", 0.13),
    ("agent:browsing", "Browsing", 0.06),
    ("general:roleplay", "Roleplay", 0.09),
    ("general:writing", "Writing", 0.07),
    ("general:qa", "Question Answering", 0.07),
    ("general:translation", "Translation", 0.03),
)
LABELS = {"code": "Code", "data": "Data", "agent": "Agents", "general": "General"}
# Tokens of a typical request, relative to the others: an agent sends its whole history.
REQUEST_SIZE = {"code": 1.3, "data": 0.8, "agent": 1.6, "general": 0.3}


def tasks(seed: int, now: datetime) -> JsonObject:
    """Classify the sampled traffic of the last week."""
    yesterday = now.date() - timedelta(days=1)
    draws = noise(len(TAGS), seed, "tasks", yesterday)
    usage = _shares(
        {
            tag: part * (0.8 + 0.4 * wobble)
            for wobble, (tag, _, part) in zip(draws, TAGS, strict=True)
        }
    )
    tokens = _shares({tag: usage[tag] * REQUEST_SIZE[_macro(tag)] for tag in usage})
    top = _top_models(seed, now)
    return {
        "window_days": WINDOW_DAYS,
        "as_of": yesterday.isoformat(),
        "classifications": [
            _tag_fields(tag)
            | _tag_shares(tag, usage, tokens)
            | {"models": _tag_models(seed, tag, top)}
            for tag in usage
        ],
        "macro_categories": [
            {
                "key": macro,
                "label": label,
                "usage_share": _macro_share(macro, usage),
                "token_share": _macro_share(macro, tokens),
            }
            for macro, label in LABELS.items()
        ],
    }


def _macro(tag: str) -> str:
    return tag.partition(":")[0]


def _tag_fields(tag: str) -> JsonObject:
    (name,) = [name for one, name, _ in TAGS if one == tag]
    return {"tag": tag, "display_name": name, "macro_category": _macro(tag)}


def _tag_shares(tag: str, usage: dict[str, float], tokens: dict[str, float]) -> JsonObject:
    return {
        "usage_share": usage[tag],
        "token_share": tokens[tag],
        "category_usage_share": usage[tag] / _macro_share(_macro(tag), usage),
        "category_token_share": tokens[tag] / _macro_share(_macro(tag), tokens),
    }


def _tag_models(seed: int, tag: str, top: list[tuple[str, float]]) -> list[JsonObject]:
    skews = noise(len(top), seed, "tag", tag)
    shares = _shares(
        {model: share * (0.5 + skew) for skew, (model, share) in zip(skews, top, strict=True)}
    )
    chosen = sorted(shares, key=lambda model: (-shares[model], model))[:MODELS_PER_TAG]
    # The list is cut, so its shares do not sum to one.
    return [
        {
            "id": model,
            "tag_usage_share": round(0.9 * shares[model], 6),
            "tag_token_share": round(shares[model], 6),
        }
        for model in chosen
    ]


def _shares(weights: dict[str, float]) -> dict[str, float]:
    whole = sum(weights.values())
    return {name: weight / whole for name, weight in weights.items()}


def _macro_share(macro: str, shares: dict[str, float]) -> float:
    return sum(share for tag, share in shares.items() if _macro(tag) == macro)


def _top_models(seed: int, now: datetime) -> list[tuple[str, float]]:
    tokens: Counter[str] = Counter()
    for day in date_range(now.date() - timedelta(days=WINDOW_DAYS), now.date() - timedelta(days=1)):
        known = day_as_known(seed, day, now.date())
        for listing, count in known.tokens.items() if known else ():
            tokens[listing.id] += count if listing.model.is_text else 0
    return [
        (model, count / tokens.total()) for model, count in tokens.most_common(2 * MODELS_PER_TAG)
    ]


def benchmarks(seed: int, now: datetime) -> list[JsonObject]:
    """Return results of every source; `model_permaslug` is the undated id, as at the real ones."""
    current = [
        one
        for one in Catalogue(seed, now).current()
        if one.model.is_text and one.model.quality > RANKED_QUALITY
    ]
    ranked = sorted(
        (one for one in current if not one.variant), key=lambda one: (-one.model.quality, one.id)
    )
    analysis = [_analysis_result(seed, listing, now) for listing in ranked]
    arena = [_arena_result(seed, listing, now) for listing in ranked]
    own = [
        _openrouter_result(seed, listing.model, kind, now)
        for listing in ranked
        for kind in ("gpqa_diamond", "tau_bench_verified_airline")
    ]
    search = [
        _search_result(seed, one.model, kind, now)
        for one in ranked[:SEARCH_MODELS]
        for kind in ("search_browsecomp", "search_widesearch")
    ]
    return [*analysis, *arena, *own, *search]


def _result_head(source: str, model: SyntheticModel) -> JsonObject:
    return {"source": source, "model_permaslug": model.id, "display_name": model.name}


def _analysis_result(seed: int, listing: Listing, now: datetime) -> JsonObject:
    model = listing.model
    indices = {
        f"{name}_index": quality_index(seed, model, name)
        for name in ("intelligence", "coding", "agentic")
    }
    return (
        _result_head("artificial-analysis", model)
        | indices
        | {"pricing": pricing(*best_price(seed, listing, now), has_cache=False)}
    )


def _arena_result(seed: int, listing: Listing, now: datetime) -> JsonObject:
    model = listing.model
    draws = noise(5, seed, "arena", model.id)
    counts = [int(5 + 40 * draw * model.quality / 100) for draw in draws[:4]]
    names = ("first_place", "second_place", "third_place", "fourth_place")
    return _result_head("design-arena", model) | {
        "arena": "models",
        "category": "codecategories",
        "elo": 900 + 6 * model.quality + int(40 * draws[4]),
        "win_rate": round(20 + 0.6 * model.quality, 1),
        "avg_generation_time_ms": int(20_000 + 90_000 * draws[4]),
        "tournament_stats": dict(zip(names, counts, strict=True)) | {"total": sum(counts)},
        "pricing": pricing(*best_price(seed, listing, now), has_cache=False),
    }


def _openrouter_result(seed: int, model: SyntheticModel, kind: str, now: datetime) -> JsonObject:
    draw = one_noise(seed, kind, model.id)
    return _result_head("openrouter", model) | {
        "benchmark_type": kind,
        "accuracy": round(model.quality / 100 * (0.95 + 0.1 * draw), 4),
        "accuracy_stddev": round(0.01 + 0.03 * draw, 4),
        "avg_cost_per_task": round(0.001 + 0.02 * draw, 5),
        "total_tasks": 198 if kind == "gpqa_diamond" else 50,
        "last_run_timestamp": _last_run(now),
    }


def _search_result(seed: int, model: SyntheticModel, kind: str, now: datetime) -> JsonObject:
    draw = one_noise(seed, kind, model.id)
    return _result_head("openrouter", model) | {
        "benchmark_type": kind,
        "primary_metric": "f1_by_item" if kind == "search_widesearch" else "accuracy",
        "primary_score": round(model.quality / 100 * (0.6 + 0.2 * draw), 4),
        "total_tasks": 100,
        "avg_cost_per_task": round(0.01 + 0.05 * draw, 5),
        "avg_latency_per_task_ms": int(20_000 + 60_000 * draw),
        "search_engine": "exa" if draw < 0.5 else "native",
        "search_surface": "server-tool" if draw < 0.7 else "plugin",
        "last_run_timestamp": _last_run(now),
        "run_config": {"max_agent_turns": 20, "reasoning_effort": "high", "temperature": None},
    }


def _last_run(now: datetime) -> str:
    monday = now.date() - timedelta(days=now.isoweekday() - 1)
    return f"{datetime.combine(monday, time(0, tzinfo=UTC)):%Y-%m-%dT%H:%M:%SZ}"
