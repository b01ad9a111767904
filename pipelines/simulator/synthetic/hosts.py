"""Who serves the invented market's models, at what price and how fast."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache

from pipelines.simulator.errors import Json
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
REASONING_PARAMETERS = ("reasoning", "include_reasoning")


@dataclass(frozen=True, eq=False)
class SyntheticHost:
    """A provider. `labs` are the authors whose closed models it may serve; one without labs serves open weights."""

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
    """All hosts in the order of the table."""
    return tuple(_host(row) for row in read_table("hosts.csv"))


def _host(row: dict[str, str]) -> SyntheticHost:
    # [] says that nothing is known to exist, an empty cell that nothing was said; the service has both.
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


def providers() -> list[Json]:
    """The hosts as the service lists them."""
    return [_provider(host) for host in hosts()]


def _provider(host: SyntheticHost) -> Json:
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
    """Who serves a listing: the lab and its partners, and for open weights whoever likes; free ones have a single host."""
    author = listing.model.author.slug
    partners = [host for host in hosts() if author in host.labs]
    pool = [host for host in hosts() if not host.labs] if listing.model.is_open else []
    liking = dict(
        zip(pool, noise(len(pool), seed, "host", listing.model.canonical_slug), strict=True)
    )
    count = min(MAX_RESELLERS, 2 + listing.model.quality // 10)
    served = [*partners, *sorted(pool, key=lambda host: liking[host])[:count]]
    return tuple(served[:1] if listing.is_free else served)


def price(
    seed: int, listing: Listing, host: SyntheticHost, now: datetime
) -> tuple[Decimal, Decimal]:
    """What a host asks per prompt and per completion token, in dollars."""
    if listing.is_free:
        return Decimal(0), Decimal(0)
    wobble = Decimal(1)
    if not host.labs:
        wobble = Decimal(
            round(
                0.94
                + 0.12
                * one_noise(seed, "price", listing.permaslug, host.slug, now.year, now.month),
                3,
            )
        )
    factor = host.price_factor * wobble * price_factor(listing, now.date())
    model = listing.model
    prompt, completion = model.prompt_usd_per_million, model.completion_usd_per_million
    return THREE_DIGITS.multiply(prompt, factor) / MILLION, THREE_DIGITS.multiply(
        completion, factor
    ) / MILLION


def best_price(seed: int, listing: Listing, now: datetime) -> tuple[Decimal, Decimal]:
    """The price of the cheapest host, which is the one the catalogue shows."""
    return min(price(seed, listing, host, now) for host in hosts_of(seed, listing))


def usd(amount: Decimal) -> str:
    """A price as the service writes it: plain decimals without trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def pricing(prompt: Decimal, completion: Decimal, *, has_cache: bool) -> Json:
    """A price object."""
    prices: Json = {"prompt": usd(prompt), "completion": usd(completion)}
    return (
        prices | {"input_cache_read": usd(THREE_DIGITS.multiply(prompt, CACHE_READ))}
        if has_cache and prompt
        else prices
    )


def parameters(listing: Listing) -> list[str]:
    """What a request to the listing may set."""
    quality = listing.model.quality
    extra = (TOOL_PARAMETERS if quality > 25 else ()) + (
        REASONING_PARAMETERS if quality > 50 else ()
    )
    return sorted(PARAMETERS + extra) if listing.model.is_text else []


def endpoints(seed: int, listing: Listing, now: datetime) -> list[Json]:
    """Every host's endpoint, cheapest first."""
    found = [(price(seed, listing, host, now), host) for host in hosts_of(seed, listing)]
    return [
        _endpoint(seed, listing, host, prices, now)
        for prices, host in sorted(found, key=lambda one: one[0])
    ]


def _endpoint(
    seed: int, listing: Listing, host: SyntheticHost, prices: tuple[Decimal, Decimal], now: datetime
) -> Json:
    model = listing.model
    luck = noise(3, seed, "endpoint", listing.permaslug, host.slug)
    quantization = (
        host.quantizations[int(luck[0] * len(host.quantizations))] if host.quantizations else None
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
        "max_completion_tokens": model.context_length // 8 if luck[1] < 0.7 else None,
        "max_prompt_tokens": None,
        "pricing": pricing(*prices, has_cache=model.quality > 40) | {"discount": 0},
        "supported_parameters": parameters(listing),
        "supports_implicit_caching": model.quality > 40,
        "supports_voice_cloning": False,
        "status": 0,
        **_speed(seed, listing, host, now),
    }


def _speed(seed: int, listing: Listing, host: SyntheticHost, now: datetime) -> Json:
    half_hour = int(now.timestamp()) // SAMPLE_SECONDS
    base = one_noise(seed, "speed", listing.permaslug, host.slug)
    luck = noise(6, seed, "sample", listing.permaslug, host.slug, half_hour)
    # A host nobody asked in half an hour has no sample; the service then says null.
    if luck[5] < 0.05:
        return dict.fromkeys(
            (
                "uptime_last_5m",
                "uptime_last_30m",
                "uptime_last_1d",
                "latency_last_30m",
                "throughput_last_30m",
            )
        )
    tokens_per_second = (25 + 60 * base) * host.speed_factor * (0.9 + 0.2 * luck[0])
    latency_ms = (450 + 1700 * base) / host.speed_factor**0.5 * (0.9 + 0.2 * luck[1])
    return {
        "uptime_last_5m": round(100 - 3 * luck[2] ** 4, 2),
        "uptime_last_30m": round(100 - 2 * luck[3] ** 4, 2),
        "uptime_last_1d": round(100 - 1.5 * luck[4] ** 4, 2),
        # The slow tail lies above the median for a wait and below it for a speed.
        "latency_last_30m": _percentiles(latency_ms, (1, 1.3, 2, 5.4), 0),
        "throughput_last_30m": _percentiles(tokens_per_second, (1, 0.84, 0.62, 0.33), 1),
    }


def _percentiles(median: float, factors: tuple[float, ...], digits: int) -> Json:
    names = ("p50", "p75", "p90", "p99")
    return {
        name: round(median * factor, digits) for name, factor in zip(names, factors, strict=True)
    }
