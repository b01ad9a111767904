"""The page of downloads: shares by country, publisher and lab, and downloads beside use."""

from collections.abc import Sequence

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, CardPage, Listed, PageSection
from dashboards.generations import OpenGeneration
from dashboards.pages.downloads import figures, tables
from dashboards.query import query

WHOSE = (
    ("base_lab", "Lab of the base"),
    ("releasing_lab", "Releasing lab"),
    ("publisher", "Publisher"),
)
BY = (
    ("country", "Country"),
    ("author", "Lab or account"),
    ("family", "Family"),
    ("quantisation", "Number format"),
    ("size", "Size"),
)
LEVELS = (("author", "Labs"), ("model_family", "Model families"))
# Formats and sizes are those of the repository itself; families are of models that labs released.
OF_REPOSITORY = frozenset({"quantisation", "size"})
EMPTY = (
    "No week of downloads yet: a day's downloads are the difference of two captures of the Hub's "
    "list. `tokentide ingest downloads` fetches one."
)
DOWNLOADS = ("downloads_weekly",)


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: whose a download is, by what it is split, and what is compared."""
    return (
        Control(name="whose", label="Counts for", options=WHOSE, default="base_lab"),
        Control(name="by", label="By", options=BY, default="country", kind="select"),
        Control(name="level", label="Compare", options=LEVELS, default="author"),
    )


def cards(filters: Filters) -> Sequence[Listed]:
    """Return the cards of these choices."""
    return (
        *_share_cards(filters),
        PageSection(
            key="used",
            text="Stated against used",
            below="What is downloaded and liked, beside what is served",
        ),
        *_use_cards(filters["level"]),
    )


def _share_cards(filters: Filters) -> Sequence[Card]:
    by = filters["by"]
    attribution = _attribution(filters["whose"], by)
    whose = figures.ATTRIBUTIONS[attribution]
    return (
        Card(
            key="shares",
            title=f"Share of downloads by {dict(BY)[by].lower()}",
            query=query("downloads/shares", attribution=attribution, dimension=by),
            draw=figures.shares,
            unit=f"share of the downloads of models in scope, by the {whose}; bands are bounds",
            width="full",
            height=420,
            empty=EMPTY,
            needs=DOWNLOADS,
            note="Unknown may be anybody's, so it stands in each upper bound. A download is a GET "
            "or HEAD of a file: builds and mirrors count, users of a hosted model do not.",
        ),
        Card(
            key="attributions",
            title="Three ways to count a country",
            query=query("downloads/attributions"),
            draw=figures.attributions,
            unit="share of the newest week's downloads, with bounds",
            height=360,
            empty=EMPTY,
            needs=DOWNLOADS,
            note="Accounts that copy the weights of others are no lab, so by publisher much is "
            "unknown.",
        ),
        Card(
            key="days",
            title="Downloads by day",
            query=query("downloads/days"),
            draw=figures.days,
            unit="downloads of all listed models, by the day of the later count",
            height=360,
            empty=EMPTY,
            needs=("download_days",),
            note="The Hub's counters stand still for a day now and then and book it on the next; "
            "both days then have a part of it.",
        ),
    )


def _use_cards(level: str) -> Sequence[Card]:
    return (
        Card(
            key="ranks",
            title="Rank by downloads against rank by tokens",
            query=query("downloads/stated_vs_used", level=level),
            draw=figures.ranks,
            unit="open weights with both in the newest week; rank 1 is at the top right",
            height=440,
            empty="No week has both downloads and rankings of open models.",
            needs=("stated_vs_used_weekly",),
            note="Above the line: used more than its downloads suggest.",
        ),
        Card(
            key="stated",
            title="Side by side",
            query=query("downloads/stated_vs_used", level=level),
            draw=tables.stated_vs_used,
            unit="newest week with both",
            empty="No week has both downloads and rankings of open models.",
            needs=("stated_vs_used_weekly",),
        ),
    )


def _attribution(whose: str, by: str) -> str:
    """Return whose a download is: of a format or size the repository's, of a family a lab's."""
    if by in OF_REPOSITORY:
        return "publisher"
    return "releasing_lab" if by == "family" and whose == "publisher" else whose


DOWNLOADS_PAGE = CardPage(
    path="/downloads",
    name="Downloads",
    about="Whose open weights are downloaded, with bounds, beside whose are used.",
    controls=controls,
    cards=lambda filters, _: cards(filters),
)
