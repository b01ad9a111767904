"""Hosts: who serves a listing, at which price and how fast."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.synthetic.hosts import (
    MAX_RESELLERS,
    SPEED_FIELDS,
    best_price,
    endpoints,
    format_usd,
    hosts,
    hosts_of,
    parameters,
    price,
    pricing,
    providers,
)
from pipelines.simulator.synthetic.models import listings

NOW = datetime(2026, 11, 21, 9, 3, tzinfo=UTC)
each_listing = pytest.mark.parametrize("listing", listings()[::6], ids=lambda one: one.permaslug)


@each_listing
def test_closed_models_stay_with_their_lab_and_its_partners(listing):
    """Open weights have resellers too; a free listing has one host."""
    author = listing.model.author.slug
    selected = hosts_of(1, listing)
    assert selected == hosts_of(1, listing)
    assert len(selected) == 1 if listing.is_free else len(selected) >= 1
    resellers = [host for host in selected if not host.labs]
    assert len(resellers) <= MAX_RESELLERS
    assert listing.model.is_open or not resellers
    assert all(author in host.labs for host in selected if host.labs)


@each_listing
def test_the_catalogue_price_is_the_cheapest_endpoint(listing):
    """Endpoints are ordered by price."""
    prompts = [Decimal(each["pricing"]["prompt"]) for each in endpoints(1, listing, NOW)]
    assert prompts == sorted(prompts)
    assert prompts[0] == best_price(1, listing, NOW)[0]
    assert (prompts[0] == 0) == (listing.is_free or listing.model.prompt_usd_per_million == 0)


def test_a_price_changes_by_the_month_only():
    """Resellers adjust their prices on its first day."""
    listing = next(one for one in listings() if one.permaslug == "z-ai/glm-5.2-20260616")
    host = next(host for host in hosts_of(1, listing) if not host.labs)
    at = [datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC)]
    assert price(1, listing, host, at[0]) == price(1, listing, host, at[1])
    months = {price(1, listing, host, datetime(2026, month, 1, tzinfo=UTC)) for month in (8, 9, 10)}
    assert len(months) > 1


@given(amount=st.decimals(0, 1, allow_nan=False, places=12))
def test_a_price_is_written_as_a_plain_decimal(amount):
    """Without an exponent or trailing zeros, and nothing is lost."""
    text = format_usd(amount)
    assert "e" not in text.lower()
    assert Decimal(text) == amount
    assert text == "0" or "." not in text or not text.endswith("0")


@pytest.mark.parametrize(
    ("prompt", "has_cache", "keys"),
    [
        ("0.000001", True, {"prompt", "completion", "input_cache_read"}),
        ("0.000001", False, {"prompt", "completion"}),
        ("0", True, {"prompt", "completion"}),
    ],
)
def test_a_free_prompt_has_no_cache_price(prompt, has_cache, keys):
    """Nor has a host without a cache."""
    assert set(pricing(Decimal(prompt), Decimal(0), has_cache=has_cache)) == keys


def test_a_speed_holds_for_half_an_hour():
    """Then it is sampled again; a quiet host has none."""
    listing = next(one for one in listings() if one.permaslug == "z-ai/glm-5.2-20260616")
    first = endpoints(1, listing, NOW)
    assert first == endpoints(1, listing, NOW + timedelta(minutes=26))
    assert first != endpoints(1, listing, NOW + timedelta(minutes=27))
    samples = [
        each for n in range(100) for each in endpoints(1, listing, NOW + timedelta(minutes=30 * n))
    ]
    quiet = [each for each in samples if each["uptime_last_1d"] is None]
    assert 0.01 < len(quiet) / len(samples) < 0.1
    assert all(each[name] is None for each in quiet for name in SPEED_FIELDS)


def test_better_models_take_more_parameters():
    """Tools above a quality of 25, reasoning above 50; models without text output take none."""
    for listing in listings():
        found = set(parameters(listing))
        if not listing.model.is_text:
            assert found == set()
            continue
        assert ("tools" in found) == (listing.model.quality > 25)
        assert ("reasoning" in found) == (listing.model.quality > 50)


def test_providers_are_the_hosts():
    """With unknown data centres (null) and known absent ones (an empty list)."""
    listed = providers()
    assert [row["name"] for row in listed] == [host.name for host in hosts()]
    centres = [row["datacenters"] for row in listed]
    assert None in centres
    assert [] in centres
    assert ["SG"] in centres
