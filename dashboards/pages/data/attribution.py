"""Cards on who is who: what is not known of labs and models, by tokens, and what others say."""

from collections.abc import Sequence

from dashboards.components.page import Card, Listed, PageSection, rows_only
from dashboards.pages.data import figures, tables
from dashboards.query import query


def attribution_cards() -> Sequence[Listed]:
    """Return the share that is not known by week, what it consists of, and proposals."""
    return (
        PageSection(
            "Who is who",
            "Labs, countries and openness are curated by hand. What is not known counts as unknown "
            "on every page; `tokentide curate` prints the rows to add.",
            key="attribution",
            is_folded=True,
        ),
        Card(
            key="unknown-share",
            title="How much is not known",
            query=query("data/attribution/unknown_share"),
            draw=figures.unknown_share,
            height=280,
            unit="share of the tokens of named models whose field is not known, by week",
            needs=("attribution_coverage_weekly",),
            note="Cloaked models are unknown until somebody claims them, and stay so here.",
        ),
        Card(
            key="unknowns",
            title="What is not known",
            query=query("data/attribution/unknowns"),
            draw=rows_only(tables.short_table),
            unit="by tokens of the last 28 days",
            needs=("attribution_unknowns",),
            empty="Lab, country and openness of every named model of the last 28 days are known.",
        ),
        Card(
            key="proposals",
            title="What other lists say instead",
            query=query("data/attribution/proposals"),
            draw=rows_only(tables.linked_table),
            width="full",
            unit="statements that our tables lack or contradict, by tokens of the last 28 days",
            needs=("attribution_proposals",),
            empty="No list says anything that our tables do not have. "
            "`tokentide ingest references` asks the lists.",
            note="Nothing of this is taken over by itself: a person looks at the evidence first.",
        ),
        Card(
            key="namespace-regions",
            title="Accounts that ATOM's list places elsewhere",
            query=query("data/attribution/namespace_regions"),
            draw=rows_only(tables.linked_table),
            unit="accounts of the Hub, those with most downloads first",
            needs=("namespace_regions",),
            empty="No account of both lists is in another region, or the list was not read: "
            "`tokentide ingest references` asks for it.",
            note="ATOM's eu is all of Europe. Nothing is taken over by itself.",
        ),
    )
