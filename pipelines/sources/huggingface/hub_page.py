"""Answers of the Hub as tables: counters of models, and what the models are."""

from dataclasses import dataclass

from pipelines.sources.parsing import ParsedTables

COUNTS, MODELS = "raw.hub_counts", "raw.hub_models"


@dataclass(frozen=True)
class HubPage(ParsedTables):
    """One page. Counters are loaded whole; of the models only those that say something new."""


@dataclass(frozen=True)
class HubRepository(ParsedTables):
    """One repository that was asked for by name: what it is. It has no counters here."""
