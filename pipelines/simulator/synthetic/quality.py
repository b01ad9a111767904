"""What the invented market's models are good at and used for: benchmark results and the classification of tasks."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta

from pipelines.simulator.errors import Json
from pipelines.simulator.market_protocol import days
from pipelines.simulator.synthetic.catalogue import Catalogue, index
from pipelines.simulator.synthetic.days import known_day
from pipelines.simulator.synthetic.hosts import best_price, pricing
from pipelines.simulator.synthetic.models import Listing, SyntheticModel
from pipelines.simulator.synthetic.numbers import noise, one_noise

WINDOW_DAYS = 7
MODELS_PER_TAG = 5
SEARCHERS = 8
RANKED_QUALITY = 40
# Tag (what it belongs to stands before the colon), what it is called, its typical part of sampled requests.
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
# Tokens of a typical request, relative to the others: an agent carries its whole history along.
REQUEST_SIZE = {"code": 1.3, "data": 0.8, "agent": 1.6, "general": 0.3}


def tasks(seed: int, now: datetime) -> Json:
    """The classification of the last week's sampled traffic."""
    yesterday = now.date() - timedelta(days=1)
    luck = noise(len(TAGS), seed, "tasks", yesterday)
    usage = _shares(
        {
            tag: part * (0.8 + 0.4 * wobble)
            for wobble, (tag, _, part) in zip(luck, TAGS, strict=True)
        }
    )
    tokens = _shares({tag: usage[tag] * REQUEST_SIZE[_macro(tag)] for tag in usage})
    top = _top_models(seed, now)
    return {
        "window_days": WINDOW_DAYS,
        "as_of": yesterday.isoformat(),
        "classifications": [
            _named_tag(tag) | _parts(tag, usage, tokens) | {"models": _liked(seed, tag, top)}
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


def _named_tag(tag: str) -> Json:
    (name,) = [name for one, name, _ in TAGS if one == tag]
    return {"tag": tag, "display_name": name, "macro_category": _macro(tag)}


def _parts(tag: str, usage: dict[str, float], tokens: dict[str, float]) -> Json:
    return {
        "usage_share": usage[tag],
        "token_share": tokens[tag],
        "category_usage_share": usage[tag] / _macro_share(_macro(tag), usage),
        "category_token_share": tokens[tag] / _macro_share(_macro(tag), tokens),
    }


def _liked(seed: int, tag: str, top: list[tuple[str, float]]) -> list[Json]:
    skews = noise(len(top), seed, "tag", tag)
    shares = _shares(
        {model: share * (0.5 + skew) for skew, (model, share) in zip(skews, top, strict=True)}
    )
    liked = sorted(shares, key=lambda model: (-shares[model], model))[:MODELS_PER_TAG]
    # The longer list is cut, so what is shown does not add up to one.
    return [
        {
            "id": model,
            "tag_usage_share": round(0.9 * shares[model], 6),
            "tag_token_share": round(shares[model], 6),
        }
        for model in liked
    ]


def _shares(weights: dict[str, float]) -> dict[str, float]:
    whole = sum(weights.values())
    return {name: weight / whole for name, weight in weights.items()}


def _macro_share(macro: str, shares: dict[str, float]) -> float:
    return sum(share for tag, share in shares.items() if _macro(tag) == macro)


def _top_models(seed: int, now: datetime) -> list[tuple[str, float]]:
    tokens: Counter[str] = Counter()
    for day in days(now.date() - timedelta(days=WINDOW_DAYS), now.date() - timedelta(days=1)):
        known = known_day(seed, day, now.date())
        for listing, count in known.tokens.items() if known else ():
            tokens[listing.id] += count if listing.model.is_text else 0
    return [
        (model, count / tokens.total()) for model, count in tokens.most_common(2 * MODELS_PER_TAG)
    ]


def benchmarks(seed: int, now: datetime) -> list[Json]:
    """Results of every source. Their `model_permaslug` is the undated id, as observed at the real ones."""
    current = [
        one
        for one in Catalogue(seed, now).current()
        if one.model.is_text and one.model.quality > RANKED_QUALITY
    ]
    ranked = sorted(
        (one for one in current if not one.variant), key=lambda one: (-one.model.quality, one.id)
    )
    analysed = [_analysis(seed, listing, now) for listing in ranked]
    arena = [_arena(seed, listing, now) for listing in ranked]
    own = [
        _own(seed, listing.model, kind, now)
        for listing in ranked
        for kind in ("gpqa_diamond", "tau_bench_verified_airline")
    ]
    search = [
        _search(seed, one.model, kind, now)
        for one in ranked[:SEARCHERS]
        for kind in ("search_browsecomp", "search_widesearch")
    ]
    return [*analysed, *arena, *own, *search]


def _named(source: str, model: SyntheticModel) -> Json:
    return {"source": source, "model_permaslug": model.id, "display_name": model.name}


def _analysis(seed: int, listing: Listing, now: datetime) -> Json:
    model = listing.model
    indices = {
        f"{name}_index": index(seed, model, name) for name in ("intelligence", "coding", "agentic")
    }
    return (
        _named("artificial-analysis", model)
        | indices
        | {"pricing": pricing(*best_price(seed, listing, now), has_cache=False)}
    )


def _arena(seed: int, listing: Listing, now: datetime) -> Json:
    model = listing.model
    luck = noise(5, seed, "arena", model.id)
    places = [int(5 + 40 * part * model.quality / 100) for part in luck[:4]]
    names = ("first_place", "second_place", "third_place", "fourth_place")
    return _named("design-arena", model) | {
        "arena": "models",
        "category": "codecategories",
        "elo": 900 + 6 * model.quality + int(40 * luck[4]),
        "win_rate": round(20 + 0.6 * model.quality, 1),
        "avg_generation_time_ms": int(20_000 + 90_000 * luck[4]),
        "tournament_stats": dict(zip(names, places, strict=True)) | {"total": sum(places)},
        "pricing": pricing(*best_price(seed, listing, now), has_cache=False),
    }


def _own(seed: int, model: SyntheticModel, kind: str, now: datetime) -> Json:
    luck = one_noise(seed, kind, model.id)
    return _named("openrouter", model) | {
        "benchmark_type": kind,
        "accuracy": round(model.quality / 100 * (0.95 + 0.1 * luck), 4),
        "accuracy_stddev": round(0.01 + 0.03 * luck, 4),
        "avg_cost_per_task": round(0.001 + 0.02 * luck, 5),
        "total_tasks": 198 if kind == "gpqa_diamond" else 50,
        "last_run_timestamp": _last_run(now),
    }


def _search(seed: int, model: SyntheticModel, kind: str, now: datetime) -> Json:
    luck = one_noise(seed, kind, model.id)
    return _named("openrouter", model) | {
        "benchmark_type": kind,
        "primary_metric": "f1_by_item" if kind == "search_widesearch" else "accuracy",
        "primary_score": round(model.quality / 100 * (0.6 + 0.2 * luck), 4),
        "total_tasks": 100,
        "avg_cost_per_task": round(0.01 + 0.05 * luck, 5),
        "avg_latency_per_task_ms": int(20_000 + 60_000 * luck),
        "search_engine": "exa" if luck < 0.5 else "native",
        "search_surface": "server-tool" if luck < 0.7 else "plugin",
        "last_run_timestamp": _last_run(now),
        "run_config": {"max_agent_turns": 20, "reasoning_effort": "high", "temperature": None},
    }


def _last_run(now: datetime) -> str:
    monday = now.date() - timedelta(days=now.isoweekday() - 1)
    return f"{datetime.combine(monday, time(0, tzinfo=UTC)):%Y-%m-%dT%H:%M:%SZ}"
