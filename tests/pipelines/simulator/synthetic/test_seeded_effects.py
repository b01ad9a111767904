"""Seeded shares and price changes."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.simulator.synthetic.days import final_day
from pipelines.simulator.synthetic.models import listings
from pipelines.simulator.synthetic.seeded_effects import (
    apply_seeded_shares,
    peak_shares,
    price_changes,
    price_factor,
)
from pipelines.simulator.synthetic.totals import day_total

BY_SLUG = {listing.permaslug: listing for listing in listings()}
DAY = date(2025, 8, 15)


def sums(weights):
    found = defaultdict(float)
    for listing, weight in weights.items():
        found[listing.stratum] += weight
    return dict(found)


def test_the_tables_name_known_listings():
    """Prices change only where the share is seeded, so that nothing else moves it."""
    assert set(peak_shares()) <= set(BY_SLUG)
    assert set(price_changes()) <= set(peak_shares())


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    weights=st.lists(st.floats(0.1, 100), min_size=len(listings()), max_size=len(listings())),
    activity=st.floats(0, 1),
)
def test_strata_keep_their_sums(weights, activity):
    """The other listings of a stratum give or take what the seeded ones need."""
    before = dict(zip(listings(), weights, strict=True))
    after = apply_seeded_shares(before, dict.fromkeys(before, activity), 1000.0, DAY)
    assert sums(after) == pytest.approx(sums(before))
    for slug, share in peak_shares().items():
        if slug not in price_changes():
            assert after[BY_SLUG[slug]] == pytest.approx(share * 1000 * activity)


@pytest.mark.parametrize("slug", sorted(set(peak_shares()) - set(price_changes())))
def test_a_seeded_share_is_found_at_its_peak(slug):
    """Within the noise of a day, which is twelve per cent."""
    listing = BY_SLUG[slug]
    day = listing.launched + timedelta(days=min(20, listing.plateau_days))
    tokens = final_day(1, day).tokens[listing]
    assert tokens / day_total(1, day) == pytest.approx(peak_shares()[slug], rel=0.15)


@pytest.mark.parametrize("slug", sorted(price_changes()))
def test_a_price_changes_on_its_date(slug):
    """Not a day earlier, and for good."""
    (change,) = price_changes()[slug]
    eve = change.date - timedelta(days=1)
    assert price_factor(BY_SLUG[slug], eve) == 1
    assert price_factor(BY_SLUG[slug], change.date) == change.price_factor
    assert price_factor(BY_SLUG[slug], date(2030, 1, 1)) == change.price_factor


def test_other_prices_do_not_change():
    """A listing without an entry keeps its factor of one."""
    others = [listing for slug, listing in BY_SLUG.items() if slug not in price_changes()]
    assert {price_factor(listing, date(2030, 1, 1)) for listing in others} == {Decimal(1)}


@pytest.mark.parametrize("slug", sorted(price_changes()))
def test_usage_follows_the_elasticity(slug):
    """The share is multiplied by the price factor to the power of the elasticity."""
    (change,) = price_changes()[slug]
    listing = BY_SLUG[slug]
    weights = dict.fromkeys(listings(), 1.0)
    eve, day = (
        apply_seeded_shares(weights, weights, 1000.0, at)[listing]
        for at in (change.date - timedelta(days=1), change.date)
    )
    assert day / eve == pytest.approx(float(change.price_factor) ** change.elasticity)
