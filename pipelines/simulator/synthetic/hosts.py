"""Hosts of the synthetic market: the models they serve, their prices and their speeds."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache

from pipelines.simulator.errors import JsonObject
from pipelines.simulator.synthetic.models import Listing, read_table
from pipelines.simulator.synthetic.numbers import noise, one_noise
from pipelines.simulator.synthetic.seeded_effects import price_factor

MILLION = Decimal(1_000_000)
THREE_DIGITS = Context(prec=3, rounding=ROUND_HALF_EVEN)
# Speeds are a sample of half an hour; hosts change their prices by the month.
SAMPLE_SECONDS = 1800
MAX_RESELLERS = 9
CACHE_READ = Decimal("0.2")
PARAMETERS = ("max_tokens", "temperature", "top_p", "stop", "seed")
TOOL_PARAMETERS = ("tools", "tool_choice", "response_format", "structured_outputs")
SPEED_FIELDS = (
    "uptime_last_5m",
    "uptime_last_30m",
    "uptime_last_1d",
    "latency_last_30m",
    "throughput_last_30m",
)
REASONING_PARAMETERS = ("reasoning", "include_reasoning")


@dataclass(frozen=True, eq=False)
class SyntheticHost:
    """A provider. It serves closed models of its `labs`; one without labs serves open weights."""

    name: str
    slug: str
    headquarters: str | None
    datacenters: list[str] | None
    labs: frozenset[str]
    quantizations: tuple[str, ...]
    price_factor: Decimal
    speed_factor: float


@cache
def hosts() -> tuple[SyntheticHost, ...]:
    """Read all hosts, in the order of the table."""
    return tuple(_host(row) for row in read_table("hosts.csv"))


def _host(row: dict[str, str]) -> SyntheticHost:
    # [] means that the host has none, an empty field that nothing is known; the service has both.
    centers = [] if row["datacenters"] == "[]" else row["datacenters"].split() or None
    return SyntheticHost(
        name=row["name"],
        slug=row["slug"],
        headquarters=row["headquarters"] or None,
        datacenters=centers,
        labs=frozenset(row["labs"].split()),
        quantizations=tuple(row["quantizations"].split()),
        price_factor=Decimal(row["price_factor"]),
        speed_factor=float(row["speed_factor"]),
    )


def providers() -> list[JsonObject]:
    """List the hosts as the service does."""
    return [_provider(host) for host in hosts()]


def _provider(host: SyntheticHost) -> JsonObject:
    home = f"https://{host.slug}.example"
    return {
        "name": host.name,
        "slug": host.slug,
        "privacy_policy_url": f"{home}/privacy",
        "terms_of_service_url": f"{home}/terms" if host.headquarters else None,
        "status_page_url": None,
        "headquarters": host.headquarters,
        "datacenters": host.datacenters,
    }


@cache
def hosts_of(seed: int, listing: Listing) -> tuple[SyntheticHost, ...]:
    """Select the hosts of a listing.

    They are the lab and its partners, and for open weights also resellers. A free listing has one.
    """
    author = listing.model.author.slug
    partners = [host for host in hosts() if author in host.labs]
    pool = [host for host in hosts() if not host.labs] if listing.model.is_open else []
    draws = dict(
        zip(pool, noise(len(pool), seed, "host", listing.model.canonical_slug), strict=True)
    )
    count = min(MAX_RESELLERS, 2 + listing.model.quality // 10)
    selected = [*partners, *sorted(pool, key=lambda host: draws[host])[:count]]
    return tuple(selected[:1] if listing.is_free else selected)


def price(
    seed: int, listing: Listing, host: SyntheticHost, now: datetime
) -> tuple[Decimal, Decimal]:
    """Return a host's price per prompt token and per completion token, in dollars."""
    if listing.is_free:
        return Decimal(0), Decimal(0)
    wobble = Decimal(1)
    if not host.labs:
        draw = one_noise(seed, "price", listing.permaslug, host.slug, now.year, now.month)
        wobble = Decimal(round(0.94 + 0.12 * draw, 3))
    factor = host.price_factor * wobble * price_factor(listing, now.date())
    model = listing.model
    prompt = THREE_DIGITS.multiply(model.prompt_usd_per_million, factor)
    completion = THREE_DIGITS.multiply(model.completion_usd_per_million, factor)
    return prompt / MILLION, completion / MILLION


def best_price(seed: int, listing: Listing, now: datetime) -> tuple[Decimal, Decimal]:
    """Return the price of the cheapest host, which the catalogue shows."""
    return min(price(seed, listing, host, now) for host in hosts_of(seed, listing))


def format_usd(amount: Decimal) -> str:
    """Format a price as the service does: plain decimals without trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def pricing(prompt: Decimal, completion: Decimal, *, has_cache: bool) -> JsonObject:
    """Build a price object."""
    prices: JsonObject = {"prompt": format_usd(prompt), "completion": format_usd(completion)}
    if has_cache and prompt:
        prices["input_cache_read"] = format_usd(THREE_DIGITS.multiply(prompt, CACHE_READ))
    return prices


def parameters(listing: Listing) -> list[str]:
    """List the parameters that a request to the listing may set."""
    quality = listing.model.quality
    tools = TOOL_PARAMETERS if quality > 25 else ()
    reasoning = REASONING_PARAMETERS if quality > 50 else ()
    return sorted(PARAMETERS + tools + reasoning) if listing.model.is_text else []


def endpoints(seed: int, listing: Listing, now: datetime) -> list[JsonObject]:
    """List the endpoint of every host, cheapest first."""
    found = [(price(seed, listing, host, now), host) for host in hosts_of(seed, listing)]
    return [
        _endpoint(seed, listing, host, prices, now)
        for prices, host in sorted(found, key=lambda one: one[0])
    ]


def _endpoint(
    seed: int, listing: Listing, host: SyntheticHost, prices: tuple[Decimal, Decimal], now: datetime
) -> JsonObject:
    model = listing.model
    draws = noise(3, seed, "endpoint", listing.permaslug, host.slug)
    quantization = (
        host.quantizations[int(draws[0] * len(host.quantizations))] if host.quantizations else None
    )
    tag = f"{host.slug}/{quantization}" if quantization not in (None, "unknown") else host.slug
    return {
        "name": f"{host.name} | {model.canonical_slug}",
        "model_id": listing.id,
        "model_name": f"{model.author.name}: {model.name}",
        "provider_name": host.name,
        "tag": tag,
        "quantization": quantization,
        "context_length": model.context_length,
        "max_completion_tokens": model.context_length // 8 if draws[1] < 0.7 else None,
        "max_prompt_tokens": None,
        "pricing": pricing(*prices, has_cache=model.quality > 40) | {"discount": 0},
        "supported_parameters": parameters(listing),
        "supports_implicit_caching": model.quality > 40,
        "supports_voice_cloning": False,
        "status": 0,
        **_speed(seed, listing, host, now),
    }


def _speed(seed: int, listing: Listing, host: SyntheticHost, now: datetime) -> JsonObject:
    half_hour = int(now.timestamp()) // SAMPLE_SECONDS
    base = one_noise(seed, "speed", listing.permaslug, host.slug)
    draws = noise(6, seed, "sample", listing.permaslug, host.slug, half_hour)
    # A host without requests in the half hour has no sample; the service then sends null.
    if draws[5] < 0.05:
        return dict.fromkeys(SPEED_FIELDS)
    tokens_per_second = (25 + 60 * base) * host.speed_factor * (0.9 + 0.2 * draws[0])
    latency_ms = (450 + 1700 * base) / host.speed_factor**0.5 * (0.9 + 0.2 * draws[1])
    return {
        "uptime_last_5m": round(100 - 3 * draws[2] ** 4, 2),
        "uptime_last_30m": round(100 - 2 * draws[3] ** 4, 2),
        "uptime_last_1d": round(100 - 1.5 * draws[4] ** 4, 2),
        # The slow tail is above the median for a latency and below it for a throughput.
        "latency_last_30m": _percentiles(latency_ms, (1, 1.3, 2, 5.4), 0),
        "throughput_last_30m": _percentiles(tokens_per_second, (1, 0.84, 0.62, 0.33), 1),
    }


def _percentiles(median: float, factors: tuple[float, ...], digits: int) -> JsonObject:
    names = ("p50", "p75", "p90", "p99")
    return {
        name: round(median * factor, digits) for name, factor in zip(names, factors, strict=True)
    }
