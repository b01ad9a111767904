"""Repositories that models name as their base and that no list has, each asked for by its name.

Of these only what they are is read, never a counter: they are in no sum. The Hub answers to a
former name with the repository that has it now. It does not say whether a repository that it shows
to nobody is private or was never there.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import polars as pl

from pipelines.archive import Answer
from pipelines.errors import BadAnswer, LimitReached, SourceError, SourceHasNone, SourceUnreachable
from pipelines.sources.client.http import SourceClient
from pipelines.sources.failure import Failure
from pipelines.sources.huggingface import hub_models
from pipelines.sources.huggingface.hub_models import KEYS
from pipelines.sources.huggingface.hub_page import MODELS, HubRepository
from pipelines.sources.source import Source

FIELDS = (*("createdAt", "tags", "pipeline_tag"), *("baseModels", "safetensors", "gguf"))
# As the Hub allows them; a path of somebody's disk may look like one.
NAME = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
DOTS = re.compile(r"(^|/)\.{1,2}(/|$)")
# A host that fails this often in one run is left alone until the next one.
MAX_FAILURES = 5


def fetch(client: SourceClient, names: Iterable[str]) -> Iterator[Answer | Failure]:
    """Yield the answer of each name that the Hub knows, and a failure of each that failed.

    A name that it does not know is kept in the archive with its status and yields nothing. Raise
    the SourceError after which no other name would be answered.
    """
    query = urlencode([("expand[]", field) for field in FIELDS])
    failures = 0
    for name in filter(is_name, names):
        path = f"{hub_models.PATH}/{quote(name)}?{query}"
        try:
            yield client.ask(SOURCE, path, budget=client.budget, context={"model": name})
        except SourceHasNone:
            continue
        except (SourceUnreachable, LimitReached):
            raise
        except SourceError as error:
            failures += 1
            if failures >= MAX_FAILURES:
                raise
            yield Failure(f"base {name}", str(error), asset="raw_downloads")


def is_name(text: str) -> bool:
    """Tell whether a text may be the name of a repository, with which an address can be made."""
    return bool(NAME.fullmatch(text)) and not DOTS.search(text)


def decode(answer: Answer, body: bytes) -> HubRepository:
    """Decode one repository; raise BadAnswer where it is none."""
    payload = hub_models.read_json(body)
    if not isinstance(payload, dict):
        raise BadAnswer(f"The answer is a JSON {type(payload).__name__}, not an object.")
    row: dict[str, Any] = payload
    names = [hub_models.text_of(row.get(key)) for key in ("_id", "id")]
    if None in names:
        raise BadAnswer("The repository has no _id or no id.")
    keys = pl.DataFrame([names], schema=dict.fromkeys(KEYS, pl.String), orient="row")
    models = hub_models.models_of([row], keys, hub_models.text_of(row.get("pipeline_tag")))
    return HubRepository({MODELS: models}, {MODELS: KEYS})


def parse(answer: Answer, repository: HubRepository) -> HubRepository:
    """Return the repository: decoding reads it already."""
    return repository


SOURCE = Source(
    "hub_repositories",
    parse,
    tables=("hub_models",),
    assets=("raw_downloads",),
    decode=decode,
    is_conditional=False,
)
