"""The record that describes a source: one endpoint of an upstream, and all that the pipeline must know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipelines.archive import Answer
from pipelines.sources.parsing import decode_json


@dataclass(frozen=True)
class Source:
    """One endpoint: how its answers are decoded and parsed, which raw tables they fill, which assets request it.

    `name` stands in `raw.answers.source`. `parse` turns what `decode` gave into a RankingsTable or ParsedTables; both raise BadAnswer.
    """

    name: str
    parse: Callable[[Answer, Any], Any]
    tables: tuple[str, ...]
    assets: tuple[str, ...]
    decode: Callable[[Answer, bytes], Any] = decode_json
