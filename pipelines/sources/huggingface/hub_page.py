"""A page of the Hub's list as tables: the counters of its models, and what the models are."""

from dataclasses import dataclass

from pipelines.sources.parsing import ParsedTables

COUNTS, MODELS = "raw.hub_counts", "raw.hub_models"


@dataclass(frozen=True)
class HubPage(ParsedTables):
    """One page. Counters are loaded whole; of the models only those that say something new."""
