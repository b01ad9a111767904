"""The record of a source: one endpoint of an upstream, and how the pipeline treats it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipelines.archive import Answer
from pipelines.sources.parsing import decode_json


@dataclass(frozen=True)
class Source:
    """One endpoint: decoder and parser of its answers, the raw tables and assets that belong to it.

    `name` stands in `raw.answers.source`. `parse` turns what `decode` gave into a RankingsTable or
    ParsedTables; both raise BadAnswer.
    """

    name: str
    parse: Callable[[Answer, Any], Any]
    tables: tuple[str, ...]
    assets: tuple[str, ...]
    decode: Callable[[Answer, bytes], Any] = decode_json
    # Entries of an answer, as a share of those of the one before, below which it is no answer: a
    # source that failed may send a part of its list, or none of it, with status 200.
    min_share: float | None = None
    may_be_empty: bool = False
    # False where an answer "not modified" would lose what its headers say, as of a list in pages.
    is_conditional: bool = True
    # Columns of the first frame with figures, which are never all zero.
    figures: tuple[str, ...] = ()
    # The column of the first frame that dates the figures, where others come with each date.
    window: str | None = None
