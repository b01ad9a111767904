"""The market: who serves how much of it, on a basis and an attribution that are named."""

from collections.abc import Sequence

import duckdb

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, Heading, Page
from dashboards.generations import Generation
from dashboards.pages.market import concentration as leading
from dashboards.pages.market import figures, models
from dashboards.query import query

BASES = (("platform", "Platform"), ("top50", "Top 50"), ("top9", "Top 9"))
ATTRIBUTIONS = (("releasing_lab", "Releasing lab"), ("base_lab", "Base lab"))
DIMENSIONS = (
    ("author", "Author"),
    ("country", "Country"),
    ("family", "Family"),
    ("weights", "Open or closed"),
    ("price_class", "Free or paid"),
)
VIEWS = (("stacked", "Stacked"), ("indexed", "Indexed"), ("ranked", "Ranked"))
PERIODS = (("13", "Quarter"), ("26", "Half year"), ("52", "Year"), ("1000", "All"))
WORDS = {
    "author": "author",
    "country": "country",
    "family": "model family",
    "weights": "open or closed weights",
    "price_class": "free or paid",
}
OF = {
    "platform": "all tokens of the platform",
    "top50": "the tokens of each day's 50 named models",
    "top9": "the tokens of the week's nine largest models",
}
WHOSE = {"releasing_lab": "by releasing lab", "base_lab": "by lab of the base model"}
SHOWN = {
    "stacked": "share of {of}, {whose}, by week; no bar is a week not known whole",
    "indexed": "tokens, each member's first week shown = 100; log scale; {of}, {whose}",
    "ranked": "share of {of}, {whose}, newest whole week; whiskers are bounds",
}
MEMBERS = query("market/members")
EMPTY = (
    "No whole week of this choice is known. Take a longer period, or run `tokentide ingest market`."
)
PRICE_NOTE = (
    "List price of the newest catalogue, not what was paid. A log scale has no place for listings at no price, and a model that "
    "does not resolve to one entry of the catalogue has no price: neither is drawn. "
    "Price and volume go together here; nothing says that one causes the other."
)


def controls(generation: Generation) -> Sequence[Control]:
    """What by, of what, whose, how, since when; and one member to look at closely."""
    return (
        Control("dimension", "By", DIMENSIONS, "author"),
        Control("basis", "Basis", BASES, "platform", help="Which tokens count as all"),
        Control(
            "attribution", "Attribution", ATTRIBUTIONS, "releasing_lab", help="Whose a fine-tune is"
        ),
        Control("view", "View", VIEWS, "stacked"),
        Control("weeks", "Period", PERIODS, "52"),
        Control(
            "one",
            "One member, with its bounds",
            _members(generation),
            "weights:open",
            kind="select",
        ),
    )


def _members(generation: Generation) -> Sequence[tuple[str, str]]:
    names = dict(DIMENSIONS)
    try:
        rows = generation.frame(MEMBERS).iter_rows()
    except duckdb.Error:
        return (("weights:open", "open (Open or closed)"),)
    found = [
        (f"{dimension}:{member}", f"{member} ({names.get(dimension, dimension)})")
        for dimension, member in rows
    ]
    return (
        found
        if any(value == "weights:open" for value, _ in found)
        else (("weights:open", "open (Open or closed)"), *found)
    )


def cards(filters: Filters) -> Sequence[Card | Heading]:
    """The cards of these choices."""
    chosen = {name: filters[name] for name in ("dimension", "basis", "attribution")}
    weeks = int(filters["weeks"])
    words = {"of": OF[filters["basis"]], "whose": WHOSE[filters["attribution"]]}
    return (
        *_shares(filters, chosen, weeks, words),
        *_lead(filters, weeks, words),
        *_turns(filters, chosen),
        *_models(),
        *_use(),
    )


def _shares(
    filters: Filters, chosen: dict[str, str], weeks: int, words: dict[str, str]
) -> Sequence[Card | Heading]:
    by, one = WORDS[filters["dimension"]], filters["one"].partition(":")
    whose = {name: chosen[name] for name in ("dimension", "attribution")}
    needs = ("market_share_weekly",)
    member = {**chosen, "dimension": one[0], "member": one[2], "weeks": weeks, "top": 1}
    return (
        Card(
            "share", f"Share of tokens by {by}", query("market/share", **chosen, weeks=weeks), figures.SHARE_VIEWS[filters["view"]],
            unit=SHOWN[filters["view"]].format(**words), width="full", height=460, empty=EMPTY, needs=needs,
            note="Unknown is what cannot be attributed; on the platform it has all of `other`. A click on a member leads to it.",
        ),
        Card(
            "ranks", f"Who is where among the first ten, by {by}", query("market/ranks", **chosen, weeks=weeks), figures.rank_flow,
            unit=f"place by tokens, {words['whose']}, last {min(weeks, 26)} weeks at most; a line that breaks left the ten",
             height=420, width="full",
            empty=EMPTY, needs=needs,
        ),
        Card(
            "one", f"Share of {one[2]}, with bounds", query("market/bounds", **member), figures.bounded_shares,
            unit=f"share of {words['of']}, {words['whose']}, by week", height=380, empty=EMPTY, needs=needs,
            note="The band ends where all that is unknown would belong to it. A gap is a week not known whole, or without it.",
        ),
        Card(
            "topn", f"The lead by how many models are counted, by {by}", query("market/topn", **whose), leading.by_top_n,
            unit=f"share of the tokens of the n largest models, {words['whose']}, newest whole week",
             height=380, empty="No counts for this choice.",
            needs=("market_topn_weekly", "market_share_weekly"),
        ),
    )  # fmt: skip


def _lead(filters: Filters, weeks: int, words: dict[str, str]) -> Sequence[Card | Heading]:
    basis = filters["basis"]
    return (
        Heading("Who leads, and how surely"),
        Card(
            "concentration", "How concentrated the market is among authors", query("market/concentration", basis=basis, weeks=weeks),
            leading.concentration, unit=f"0 to 1, of {words['of']}, by week; the band is what the unknown could add", empty=EMPTY,
            needs=("market_concentration_weekly",),
        ),
        Card(
            "leaders", "The leading author by week", query("market/concentration", basis=basis, weeks=weeks), leading.leaders,
            unit=f"known share of {words['of']}; an open sign where the unknown could overturn it", empty=EMPTY,
            needs=("market_concentration_weekly",),
        ),
    )  # fmt: skip


def _turns(filters: Filters, chosen: dict[str, str]) -> Sequence[Card | Heading]:
    by, whose = (
        WORDS[filters["dimension"]],
        {name: chosen[name] for name in ("dimension", "attribution")},
    )
    return (
        Card(
            "streaks", f"Runs of the lead, by {by}", query("market/streaks", **chosen), leading.streaks,
            unit="whole weeks in a row; each column asks whether the run stands if one counts that way", width="full", height=330,
            empty="No run of the lead is known for this choice: streaks are made for author, country, family and weights.",
            needs=("market_streaks",),
        ),
        Card(
            "crossovers", f"Who passed whom, by {by}", query("market/crossovers", **chosen), leading.crossovers,
            unit="week in which the order turned; certain where it holds wherever the unknown belongs",
            width="full", height=330, empty="No member passed another in this choice.", needs=("market_crossovers",),
        ),
        Card(
            "spend", f"Tokens beside what they cost, by {by}", query("market/spend", **whose), leading.spend,
            unit=f"share of named models' tokens and of their list-price spend, "
                  f"{WHOSE[filters['attribution']]}, newest whole week with prices",
            width="full",
            height=420, needs=("market_spend_weekly", "market_share_weekly"),
            empty="No week has both tokens and prices yet: prices are collected from the first run on.",
            note="An estimate: tokens at list price, from all being prompt to all being completion. Nobody publishes what was paid.",
        ),
    )  # fmt: skip


def _models() -> Sequence[Card | Heading]:
    return (
        Heading("Models that come and go", "All models, on the platform, by releasing lab, whatever is chosen above."),
        Card(
            "new", "Families that first ranked in the last eight weeks", query("market/new_models"), models.new_models,
            unit="share of the platform's tokens in the newest whole week",
            empty="No family came into the named models in the last eight weeks.",
            needs=("market_tokens_daily", "market_share_weekly"),
        ),
        Card(
            "fading", "Families at less than half of their best four weeks", query("market/fading_models"), models.fading_models,
            unit="mean share of the platform over four weeks; a week in which it did not rank counts as none, so now is at least this",
            empty="No family fell to half of its best within a year.", needs=("market_share_weekly",),
        ),
    )  # fmt: skip


def _use() -> Sequence[Card | Heading]:
    return (
        Heading("What it is used for, and at what price"),
        Card(
            "tasks", "What requests are for", query("market/tasks"), models.tasks,
            unit="share of classified tokens, a sample, newest seven-day window",
            height=380, empty="No window of tasks was collected yet.", needs=("market_tasks_daily",),
        ),
        Card(
            "apps", "The largest public apps", query("market/apps"), models.apps,
            unit="tokens on the newest day; private apps are not in it", height=380,
            empty="No day of apps was collected yet.", needs=("market_apps_daily",),
        ),
        Card(
            "price-volume", "Price against volume", query("market/price_volume"), models.price_volume,
            unit="one point a model listing; tokens in seven days, list price in USD per million, three of prompt to one of completion",
            width="full", height=480,
            note=PRICE_NOTE,
            empty="No price was collected yet.", needs=("model_prices_daily", "market_tokens_daily", "models"),
        ),
    )  # fmt: skip


MARKET = Page(
    "/market", "Market", "Who serves how much of the market, and since when.", controls, cards
)
