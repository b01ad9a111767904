"""The synthetic catalogue: its traps, its growth, and its fit with the rankings."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.simulator.errors import NotFound
from pipelines.simulator.synthetic.catalogue import (
    CLOSED,
    Catalogue,
    created_seconds,
    quality_index,
)
from pipelines.simulator.synthetic.models import listings, models


def catalogue(market, **params):
    return {entry["id"]: entry for entry in market.get("/models", **params).json()["data"]}


def test_every_ranked_model_of_today_can_be_found_in_the_catalogue(market):
    """A permaslug is a canonical slug with an optional variant; free listings have separate ids."""
    everything = catalogue(market, output_modalities="all")
    slugs = {entry["canonical_slug"] for entry in everything.values()}
    ranked = {slug for _, slug, _ in market.rankings(start_date="2026-11-20")} - {"other"}
    missing = {slug.partition(":")[0] for slug in ranked} - slugs
    assert missing <= {
        "deepseek/deepseek-v4-flash-20260423",
        "anthropic/claude-3-7-sonnet-20250219",
    }
    free = {slug.removesuffix(":free") for slug in ranked if slug.endswith(":free")}
    assert free - missing <= {
        entry["canonical_slug"] for name, entry in everything.items() if name.endswith(":free")
    }


def test_the_traps_of_the_real_catalogue_are_there(market):
    """Shared slugs, ids that differ from slugs, aliases, a router without a price, batch ids."""
    everything = catalogue(market, output_modalities="all")
    assert (
        everything["z-ai/glm-5.2"]["canonical_slug"]
        == everything["z-ai/glm-5.2:free"]["canonical_slug"]
        == "z-ai/glm-5.2-20260616"
    )
    assert everything["openrouter/auto"]["pricing"]["prompt"] == "-1"
    alias = everything["~anthropic/claude-opus-latest"]
    assert alias["alias_target"]["slug"] == "anthropic/claude-opus-4.8"
    assert market.get("/models/~anthropic/claude-opus-latest/endpoints").status_code == 404
    (batch, *_) = [name for name in everything if name.endswith(":batch")]
    assert market.get(f"/models/{batch}/endpoints").json()["data"]["endpoints"] == []
    assert (
        sum(
            entry["hugging_face_id"] is not None
            for entry in everything.values()
            if "hugging_face_id" in entry
        )
        > 50
    )


def test_an_undisclosed_model_costs_nothing_without_being_free(market):
    """A price of zero does not make a `:free` variant."""
    market.set_now("2026-08-25T09:00:00Z")
    stealth = catalogue(market)["stealth/ox-alpha"]
    assert stealth["pricing"] == {"prompt": "0", "completion": "0"}
    assert stealth["expiration_date"] == "2026-09-14"


def test_a_model_may_leave_the_catalogue_and_still_rank(market):
    """The catalogue of each day is therefore worth keeping."""
    market.set_now("2026-10-01T09:00:00Z")
    assert "deepseek/deepseek-v4-flash-0423" not in catalogue(market)
    assert "deepseek/deepseek-v4-flash-20260423" in {
        slug for _, slug, _ in market.rankings(start_date="2026-09-30")
    }


def test_the_catalogue_grows_with_time(market):
    """A model is listed from the afternoon of its launch."""
    market.set_now("2026-09-12T08:00:00Z")
    assert "openai/gpt-6-astra" not in catalogue(market)
    market.set_now("2026-09-12T17:00:00Z")
    assert "openai/gpt-6-astra" in catalogue(market)


def test_prices_are_plain_decimals_per_token(market):
    """Strings without exponents; the catalogue shows the price of the cheapest host."""
    for name, entry in catalogue(market).items():
        for price in (entry["pricing"]["prompt"], entry["pricing"]["completion"]):
            assert "e" not in price.lower()
            assert name == "openrouter/auto" or 0 <= Decimal(price) < Decimal("0.0001")
    endpoints = market.get("/models/deepseek/deepseek-v4-pro/endpoints").json()["data"]["endpoints"]
    assert len(endpoints) > 3
    cheapest = min(Decimal(endpoint["pricing"]["prompt"]) for endpoint in endpoints)
    assert Decimal(catalogue(market)["deepseek/deepseek-v4-pro"]["pricing"]["prompt"]) == cheapest


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    at=st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31)),
    later=st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_listings_only_leave_when_delisted_or_closed(at, later):
    """Between two instants a listing disappears for one of these reasons only."""
    first, second = at.replace(tzinfo=UTC), (at + later).replace(tzinfo=UTC)
    gone = set(Catalogue(1, first).current()) - set(Catalogue(1, second).current())
    for listing in gone:
        is_delisted = listing.model.delisted and listing.model.delisted <= second.date()
        assert is_delisted or second.date() > CLOSED[listing.variant]


def test_ids_are_unique_at_any_time():
    """Also with aliases, batch ids and the router."""
    for month in range(1, 13):
        ids = [
            entry["id"] for entry in Catalogue(1, datetime(2026, month, 15, tzinfo=UTC)).entries()
        ]
        assert len(ids) == len(set(ids))


def test_launches_are_in_the_afternoon():
    """On the day of the table, from 15:00 to 15:59 UTC."""
    for listing in listings():
        at = datetime.fromtimestamp(created_seconds(listing), UTC)
        assert (at.date(), at.hour) == (listing.launched, 15)


@pytest.mark.parametrize("name", ["intelligence", "coding", "agentic"])
def test_an_index_is_near_the_models_quality(name):
    """Within ten per cent, and fixed for a seed."""
    for model in models().values():
        value = quality_index(1, model, name)
        assert value == quality_index(1, model, name)
        assert 0.9 * model.quality - 0.1 <= value <= 1.1 * model.quality + 0.1


def test_an_unlisted_name_is_not_found():
    """Neither a misspelt one nor an alias has endpoints."""
    catalogue_now = Catalogue(1, datetime(2026, 11, 21, tzinfo=UTC))
    for name in ("nobody/nothing", "~openai/gpt-latest"):
        with pytest.raises(NotFound):
            catalogue_now.find(name)
