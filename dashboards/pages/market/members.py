"""Cards of one member of the market: its share, its models, and its change on the period before."""

from collections.abc import Sequence
from datetime import timedelta

from dashboards.components.page import Card, Listed, PageSection
from dashboards.components.shares import bounded_shares
from dashboards.components.time.comparison import beside_period_before
from dashboards.pages.market import concentration, tables
from dashboards.pages.market.choices import EMPTY, SHARES, MarketChoice
from dashboards.query import query


def member_cards(choice: MarketChoice, name: str) -> Sequence[Listed]:
    """Return the cards of the chosen member, and of all members in the chosen period."""
    return (*_share_cards(choice, name), *_family_cards(choice, name))


def _share_cards(choice: MarketChoice, name: str) -> Sequence[Listed]:
    period = choice.period
    weeks_before = period.weeks if choice.is_compared else 0
    member = {
        "basis": choice.basis,
        "attribution": choice.attribution,
        "dimension": choice.member_dimension,
        "member": choice.member,
        "first": period.first - timedelta(weeks=weeks_before),
        "last": period.last,
        "top": 1,
    }
    return (
        Card(
            key="one",
            title=f"Share of {name}, with bounds",
            query=query("components/bounds", **member),
            draw=beside_period_before(bounded_shares, period.first, weeks_before)
            if weeks_before
            else bounded_shares,
            unit=f"share of {choice.of_words}, {choice.whose_words}, by week",
            events=choice.events,
            height=380,
            empty=EMPTY,
            needs=SHARES,
            note="The band ends where the member would be if everything unknown belonged to it. "
            "A gap is a week that is not known whole, or without the member.",
        ),
        Card(
            key="topn",
            title=f"The lead by how many models are counted, by {choice.by}",
            query=query("market/topn", **choice.whose, last=choice.period.last),
            draw=concentration.shares_by_top_n,
            unit="share of the tokens of the n largest models, "
            f"{choice.whose_words}, newest whole week of the period",
            height=380,
            empty="No counts for this choice.",
            needs=("market_topn_weekly", "market_share_weekly"),
        ),
    )


def _family_cards(choice: MarketChoice, name: str) -> Sequence[Listed]:
    period = choice.period
    families = query(
        "market/models/member_families",
        dimension=choice.member_dimension,
        member=choice.member,
        attribution=choice.attribution,
        **period.values,
        before_first=period.before.first,
        days=period.days,
    )
    changes = query("market/changes", **choice.shares, **period.values, weeks=period.weeks)
    beside = f", beside the {period.weeks} weeks before" if choice.is_compared else ""
    return (
        PageSection(
            f"Models of {name}, and the period in figures",
            key="member",
            is_folded=choice.has_default_member and not choice.is_compared,
        ),
        Card(
            key="families",
            title=f"Models of {name}",
            query=families,
            draw=tables.compared_families if choice.is_compared else tables.member_families,
            unit=f"tokens of named models, {choice.whose_words}; {period.words}",
            width="full",
            height=330,
            empty="None of its models is among the named ones of a day of this period.",
            needs=("market_tokens_daily", "market_days"),
            note="A family leads to its page, with its hosts and prices. A day on which it is "
            "below the cutoff is not in its tokens.",
        ),
        Card(
            key="changes",
            title=f"Tokens of the period by {choice.by}",
            query=changes,
            draw=tables.changes if choice.is_compared else tables.member_shares,
            unit=f"share of {choice.of_words}, {choice.whose_words}; {period.weeks} whole weeks, "
            f"{period.words}{beside}",
            width="full",
            height=330,
            empty=EMPTY,
            needs=SHARES,
            note="A member leads to its models above.",
        ),
    )
