"""Catalogue of the synthetic market: the models that can be requested on a day, by every name.

It keeps the traps of the real one: several ids share a canonical slug, undisclosed models cost
nothing without being `:free`, a router has the price -1, aliases and batch ids stand among the
models, and a model may leave while it still ranks.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from pipelines.simulator.errors import JsonObject, NotFound
from pipelines.simulator.synthetic.hosts import best_price, endpoints, parameters, pricing
from pipelines.simulator.synthetic.models import Listing, SyntheticModel, listings
from pipelines.simulator.synthetic.numbers import one_noise

# Dates on which the service closed these variants; later only old rankings show them.
CLOSED = {"beta": date(2025, 7, 31), "thinking": date(2025, 10, 21), "extended": date(2025, 3, 3)}
# Alias, author and a part of the id: the alias points to the newest such model.
ALIASES = (
    ("~anthropic/claude-sonnet-latest", "anthropic", "sonnet"),
    ("~anthropic/claude-opus-latest", "anthropic", "opus"),
    ("~deepseek/deepseek-flash-latest", "deepseek", "flash"),
    ("~google/gemini-flash-latest", "google", "flash"),
    ("~openai/gpt-latest", "openai", "gpt-"),
)
BATCH_AUTHORS = ("openai", "anthropic")
EXPIRY_NOTICE = timedelta(days=30)


@dataclass(frozen=True)
class Catalogue:
    """The catalogue of one seed at one instant."""

    seed: int
    now: datetime

    def entries(self) -> list[JsonObject]:
        """List everything, newest first, the router and the aliases last."""
        current = sorted(
            self.current(), key=lambda listing: (-created_seconds(listing), listing.id)
        )
        models = [self._entry(listing) for listing in current]
        return [*models, *self._batches(current), _router(), *self._aliases(current)]

    def current(self) -> list[Listing]:
        """List the models and variants that can be requested."""
        return [listing for listing in listings() if self._is_listed(listing)]

    def find(self, name: str) -> JsonObject:
        """Find the endpoints of a model by id, or by dated slug with or without a variant."""
        for listing in self.current():
            if name in (listing.id, listing.permaslug):
                return self._with_endpoints(
                    self._entry(listing), endpoints(self.seed, listing, self.now)
                )
        # A batch id is listed, but has no endpoint.
        for entry in (*self._batches(self.current()), _router()):
            if name == entry["id"]:
                return self._with_endpoints(entry, [])
        raise NotFound

    def _with_endpoints(self, entry: JsonObject, hosted: list[JsonObject]) -> JsonObject:
        return {
            key: entry[key] for key in ("id", "name", "created", "description", "architecture")
        } | {"endpoints": hosted}

    def _is_listed(self, listing: Listing) -> bool:
        today, model = self.now.date(), listing.model
        is_out = created_seconds(listing) <= self.now.timestamp()
        is_gone = model.delisted is not None and model.delisted <= today
        return is_out and not is_gone and today <= CLOSED.get(listing.variant, date.max)

    def _entry(self, listing: Listing) -> JsonObject:
        model = listing.model
        prompt, completion = best_price(self.seed, listing, self.now)
        label = f" ({listing.variant})" if listing.variant else ""
        entry: JsonObject = {
            "id": listing.id,
            "canonical_slug": model.canonical_slug,
            "hugging_face_id": model.hugging_face_id,
            "name": f"{model.author.name}: {model.name}{label}",
            "created": created_seconds(listing),
            "description": f"{model.name} as it might have been: "
            "an entry of a simulated catalogue.",
            "context_length": model.context_length,
            "architecture": _architecture(model),
            "pricing": pricing(prompt, completion, has_cache=model.quality > 40),
            "top_provider": _top_provider(model),
            "per_request_limits": None,
            "supported_parameters": parameters(listing),
            "default_parameters": {
                "temperature": 1,
                "top_p": 0.95,
                "top_k": None,
                "frequency_penalty": None,
            },
            "supported_voices": None,
            "knowledge_cutoff": None,
            "expiration_date": self._expiration(model),
            "links": {"details": f"/api/v1/models/{model.canonical_slug}/endpoints"},
        }
        return entry | self._quality_fields(model)

    def _quality_fields(self, model: SyntheticModel) -> JsonObject:
        if model.quality <= 40:
            return {}
        indices = {
            f"{name}_index": quality_index(self.seed, model, name)
            for name in ("intelligence", "coding", "agentic")
        }
        benchmarks: JsonObject = {"artificial_analysis": indices, "design_arena": []}
        reasoning = {
            "mandatory": False,
            "supported_efforts": ["high", "low"],
            "default_effort": "high",
        }
        fields: JsonObject = {"benchmarks": benchmarks}
        return fields | ({"reasoning": reasoning} if model.quality > 50 else {})

    def _expiration(self, model: SyntheticModel) -> str | None:
        if model.delisted is None or self.now.date() + EXPIRY_NOTICE < model.delisted:
            return None
        return model.delisted.isoformat()

    def _batches(self, current: list[Listing]) -> list[JsonObject]:
        newest = [self._newest(current, author, "") for author in BATCH_AUTHORS]
        return [self._batch(listing) for listing in newest if listing]

    def _batch(self, listing: Listing) -> JsonObject:
        prompt, completion = best_price(self.seed, listing, self.now)
        entry = self._entry(listing)
        halved = pricing(prompt / 2, completion / 2, has_cache=False)
        return entry | {
            "id": f"{listing.id}:batch",
            "name": f"{entry['name']} (batch)",
            "pricing": halved,
        }

    def _aliases(self, current: list[Listing]) -> list[JsonObject]:
        found = [(alias, self._newest(current, author, word)) for alias, author, word in ALIASES]
        return [self._alias(alias, listing) for alias, listing in found if listing]

    def _alias(self, alias: str, listing: Listing) -> JsonObject:
        entry = self._entry(listing)
        target = {"slug": listing.id, "name": entry["name"]}
        return entry | {
            "id": alias,
            "name": f"{listing.model.author.name}: latest of its family",
            "alias_target": target,
        }

    def _newest(self, current: list[Listing], author: str, word: str) -> Listing | None:
        family = [
            one
            for one in current
            if one.model.author.slug == author
            and word in one.id
            and not one.variant
            and one.model.is_text
        ]
        return max(family, key=created_seconds, default=None)


def created_seconds(listing: Listing) -> int:
    """Return the launch of a listing in epoch seconds; launches are in the afternoon."""
    at = time(15, len(listing.permaslug) % 60)
    return int(datetime.combine(listing.launched, at, tzinfo=UTC).timestamp())


def quality_index(seed: int, model: SyntheticModel, name: str) -> float:
    """Return one quality index of a model, near its general quality."""
    return round(model.quality * (0.9 + 0.2 * one_noise(seed, name, model.canonical_slug)), 1)


def _architecture(model: SyntheticModel) -> JsonObject:
    inputs, output = list(model.input_modalities), model.output_modality
    return {
        "modality": f"{'+'.join(inputs)}->{output}",
        "input_modalities": inputs,
        "output_modalities": [output],
        "tokenizer": model.author.tokenizer if model.is_text else "Other",
        "instruct_type": None,
    }


def _top_provider(model: SyntheticModel) -> JsonObject:
    is_moderated = model.author.slug in ("openai", "anthropic")
    return {
        "context_length": model.context_length,
        "max_completion_tokens": model.context_length // 8,
        "is_moderated": is_moderated,
    }


def _router() -> JsonObject:
    unknown = Decimal(-1)
    only_text = {
        "modality": "text->text",
        "input_modalities": ["text"],
        "output_modalities": ["text"],
    }
    return {
        "id": "openrouter/auto",
        "canonical_slug": "openrouter/auto",
        "name": "Auto Router",
        "created": 1699401600,
        "description": "Chooses a model for each request.",
        "context_length": 2_000_000,
        "architecture": {**only_text, "tokenizer": "Router", "instruct_type": None},
        "pricing": pricing(unknown, unknown, has_cache=False),
        "top_provider": {
            "context_length": None,
            "max_completion_tokens": None,
            "is_moderated": False,
        },
        "per_request_limits": None,
        "supported_parameters": [],
        "default_parameters": None,
        "supported_voices": None,
        "links": {"details": "/api/v1/models/openrouter/auto/endpoints"},
    }
