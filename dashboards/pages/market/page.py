"""The market page: who serves how much of the market, on a basis and an attribution."""

from collections.abc import Sequence

from dashboards.components.filters import Filters
from dashboards.components.page import Card, CardPage, Listed, PageSection, rows_only
from dashboards.generations import OpenGeneration
from dashboards.pages.market import concentration, figures, members, models, ranks, tables
from dashboards.pages.market.choices import EMPTY, SHARES, VIEW_UNITS, MarketChoice, controls
from dashboards.query import query

MAX_RANK_WEEKS = 26
PRICE_NOTE = (
    "List price of the newest catalogue, not what was paid. A log scale has no place for listings "
    "at no price, and a model that does not resolve to one entry of the catalogue has no price: "
    "neither is drawn. Price and volume go together here; nothing says that one causes the other."
)


def cards(filters: Filters, generation: OpenGeneration) -> Sequence[Listed]:
    """Return the cards of these choices."""
    choice = MarketChoice.read(filters)
    return (
        *_share_cards(choice),
        *members.member_cards(choice, generation.names.name(choice.member)),
        *_lead_cards(choice),
        *_turn_cards(choice),
        *_model_cards(),
        *_use_cards(),
    )


def _share_cards(choice: MarketChoice) -> Sequence[Listed]:
    view = VIEW_UNITS[choice.view].format(of=choice.of_words, whose=choice.whose_words)
    return (
        Card(
            key="share",
            title=f"Share of tokens by {choice.by}",
            query=query("market/share", **choice.shares, **choice.period.values),
            draw=figures.SHARE_VIEWS[choice.view],
            unit=f"{view}; {choice.period.words}",
            events=choice.events if choice.view != "ranked" else None,
            width="full",
            height=460,
            empty=EMPTY,
            needs=SHARES,
            note="Unknown cannot be attributed; on the platform it includes all of `other`. "
            "A click on a member leads to it.",
        ),
        Card(
            key="models",
            title="Models by tokens",
            query=query(
                "market/models/model_ranks",
                basis=choice.basis,
                attribution=choice.attribution,
                last=choice.period.last,
            ),
            draw=tables.model_ranks,
            unit=f"model families in the last whole week of the period, of {choice.of_words}; "
            "a family leads to its page",
            height=tables.MODELS_HEIGHT,
            width="full",
            empty=EMPTY,
            needs=(*SHARES, "models"),
            note="Bars are tokens from 0 to the largest of thirteen weeks; a dot is a week below "
            "the cutoff, or not known whole.",
        ),
        PageSection("Ranks, bounds, and where the list is cut", key="ranks"),
        Card(
            key="ranks",
            title=f"Ranks one to ten, by {choice.by}",
            query=query("market/ranks", **choice.shares, **choice.period.values),
            draw=ranks.rank_flow,
            unit=f"rank by tokens, {choice.whose_words}, last {MAX_RANK_WEEKS} weeks at most; "
            "a line that breaks left the ten",
            height=420,
            width="full",
            empty=EMPTY,
            needs=SHARES,
        ),
    )


def _lead_cards(choice: MarketChoice) -> Sequence[Listed]:
    by_week = query("market/concentration", basis=choice.basis, **choice.period.values)
    return (
        PageSection("Who leads, and how surely", key="lead", is_folded=True),
        Card(
            key="concentration",
            title="How concentrated the market is among authors",
            query=by_week,
            draw=concentration.concentration,
            unit=f"0 to 1, of {choice.of_words}, by week; the band is what the unknown could add",
            empty=EMPTY,
            needs=("market_concentration_weekly",),
        ),
        Card(
            key="leaders",
            title="The leading author by week",
            query=by_week,
            draw=concentration.leaders,
            unit=f"known share of {choice.of_words}; "
            "an open sign where the unknown could overturn it",
            empty=EMPTY,
            needs=("market_concentration_weekly",),
        ),
    )


def _turn_cards(choice: MarketChoice) -> Sequence[Listed]:
    return (
        Card(
            key="streaks",
            title=f"Runs of the lead, by {choice.by}",
            query=query("market/streaks", **choice.shares, **choice.period.values),
            draw=tables.streaks,
            unit="whole weeks in a row; each column tells whether the run stands if one counts so",
            width="full",
            height=330,
            empty="No run of the lead is known for this choice: there are runs for author, "
            "country, family and weights.",
            needs=("market_streaks",),
        ),
        Card(
            key="crossovers",
            title=f"Who passed whom, by {choice.by}",
            query=query("market/crossovers", **choice.shares, **choice.period.values),
            draw=tables.crossovers,
            unit="week in which the order turned; certain if it holds wherever the unknown belongs",
            width="full",
            height=330,
            empty="No member passed another in this choice.",
            needs=("market_crossovers",),
        ),
        Card(
            key="spend",
            title=f"Tokens beside their cost, by {choice.by}",
            query=query("market/spend", **choice.whose, last=choice.period.last),
            draw=concentration.tokens_and_spend,
            unit="share of named models' tokens and of their list-price spend, "
            f"{choice.whose_words}, newest whole week of the period with prices",
            width="full",
            height=420,
            needs=("market_spend_weekly", "market_share_weekly"),
            empty="No week that is loaded has both tokens and prices.",
            note="An estimate: tokens at list price, from all prompt to all completion. "
            "Nobody publishes what was paid.",
        ),
    )


def _model_cards() -> Sequence[Listed]:
    return (
        PageSection(
            "Models that come and go",
            "All models, on the platform, by releasing lab, whatever is chosen above.",
            key="turnover",
            is_folded=True,
        ),
        Card(
            key="new",
            title="Families that first ranked in the last eight weeks",
            query=query("market/models/new_models"),
            draw=tables.new_models,
            unit="share of the platform's tokens in the newest whole week",
            empty="No family joined the named models in the last eight weeks.",
            needs=("market_tokens_daily", "market_share_weekly"),
        ),
        Card(
            key="fading",
            title="Families at less than half of their best four weeks",
            query=query("market/models/fading_models"),
            draw=tables.fading_models,
            unit="mean share of the platform over four weeks; an unranked week counts as none, "
            "so the share now is at least this",
            empty="No family fell to half of its best within a year.",
            needs=SHARES,
        ),
    )


def _use_cards() -> Sequence[Listed]:
    return (
        PageSection("Use and price", key="use", is_folded=True),
        Card(
            key="tasks",
            title="What requests are for",
            query=query("market/tasks"),
            draw=models.tasks,
            unit="share of classified tokens, a sample, newest seven-day window",
            height=380,
            empty="No window of tasks is loaded.",
            needs=("market_tasks_daily",),
        ),
        Card(
            key="apps",
            title="The largest public apps",
            query=query("market/apps"),
            draw=rows_only(tables.apps),
            unit="tokens on the newest day; private apps are not in it",
            height=380,
            empty="No day of apps is loaded.",
            needs=("market_apps_daily",),
        ),
        Card(
            key="price-volume",
            title="Price against volume",
            query=query("market/price_volume"),
            draw=models.price_volume,
            unit="one point a model listing; tokens in seven days, list price in $/Mtok, "
            "three parts prompt to one part completion",
            width="full",
            height=480,
            note=PRICE_NOTE,
            empty="No week that is loaded has both tokens and prices.",
            needs=("model_prices_daily", "market_tokens_daily", "models"),
        ),
    )


MARKET = CardPage(
    path="/market",
    name="Market",
    about="Who serves how much of the market, and since when.",
    controls=controls,
    cards=cards,
)
