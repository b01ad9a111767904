"""All sources, by name.

What reads an answer, which raw tables it fills and which asset requests it is derived from here
alone.
"""

from pipelines.sources.huggingface import history, hub_models, repositories
from pipelines.sources.openrouter import (
    apps,
    benchmarks,
    catalogue,
    endpoints,
    exports,
    exports_index,
    providers,
    rankings,
    session_costs,
    tasks,
)
from pipelines.sources.prices import genai_prices, litellm, models_dev, openrouterlist
from pipelines.sources.quality import arena, epoch
from pipelines.sources.references import atom, notable_models, parameters
from pipelines.sources.source import Source

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        rankings.SOURCE,
        exports.SOURCE,
        exports.MANIFEST,
        exports_index.INDEX,
        exports_index.SOURCE,
        catalogue.SOURCE,
        endpoints.SOURCE,
        providers.SOURCE,
        apps.SOURCE,
        tasks.SOURCE,
        benchmarks.SOURCE,
        session_costs.SOURCE,
        openrouterlist.SOURCE,
        genai_prices.SOURCE,
        models_dev.SOURCE,
        litellm.SOURCE,
        atom.SOURCE,
        parameters.SOURCE,
        notable_models.SOURCE,
        arena.LATEST,
        arena.FULL,
        epoch.SOURCE,
        hub_models.SOURCE,
        repositories.SOURCE,
        history.SOURCE,
    )
}


def sources_of_table(table: str) -> frozenset[str]:
    """Return the names of the sources whose answers fill a raw table."""
    return frozenset(name for name, source in SOURCES.items() if table in source.tables)


def assets_of_table(table: str) -> list[str]:
    """Return the assets that request those sources, in the order of the registry."""
    found = [source.assets for source in SOURCES.values() if table in source.tables]
    return list(dict.fromkeys(asset for assets in found for asset in assets))
