"""The verb of quality: `ingest quality`."""

from pipelines.cli.console import Json, show_progress
from pipelines.cli.sources.ending import end_ingest
from pipelines.settings import read_settings


def ingest_quality(as_json: Json = False) -> None:
    """Fetch measures of models' quality; load what is new, build, audit and publish.

    Arena's leaderboards, with all publications since 2023 the first time, and the index of Epoch
    AI, whose every fit is kept. No key is needed. Exit code 0 means that every source answered.

    Examples:

        tokentide ingest quality

        tokentide ingest quality --json
    """
    from pipelines.ingest.quality import ingest_quality as ingest
    from pipelines.transform.build import lower_priority

    lower_priority()
    with show_progress() as (on_request, on_built):
        ingested = ingest(read_settings(), say=on_request, progress=on_built)
    extract = ingested.extract
    end_ingest(
        {"run_id": extract.run_id, "sources": [vars(source) for source in extract.sources]},
        extract.failures,
        ingested.generation.number,
        [f"{each.source}: {each.models} models, up to {each.as_of}" for each in extract.sources],
        as_json=as_json,
    )
