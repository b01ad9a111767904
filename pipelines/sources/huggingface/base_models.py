"""The base of a model, as its repository states it; nothing is read out of a name but one thing.

In this order: the Hub's own `baseModels`, a tag `base_model:<relation>:<id>`, the model card. Two
bases are a merge. A quantised model whose name says that its refusals were removed is a fine-tune.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

RELATIONS = frozenset({"quantized", "finetune", "adapter", "merge"})
# Of merges of more the first ones count.
MAX_BASES = 20
MAX_TAGS = 1000
MAX_ID = 200
TAG = "base_model:"
NAME = re.compile(r"[^/\s]+/[^/\s]+")
NOTHING: tuple[str | None, list[str]] = (None, [])
# Of a thousand rows a page each has a dozen tags: what reads them is a third of loading a page, so
# it is written for speed. Three searches for a word are faster than one for any of them.
UNCENSORED = ("uncensored", "abliterated", "heretic")


class StatedBase(NamedTuple):
    """The bases of a model, their relation (None where none is stated), and where that stands."""

    relation: str | None = None
    evidence: str | None = None
    ids: list[str] | tuple[()] = ()


NO_BASE = StatedBase()


def base_of(row: dict[str, Any]) -> StatedBase:
    """Return the base that a row of the Hub's list states."""
    found = None
    for evidence, read in PLACES:
        relation, ids = read(row)
        # A place that names a base without its relation leaves that to the next one.
        if ids and (relation or not found):
            found = evidence, relation, ids
        if ids and relation:
            break
    if not found:
        return NO_BASE
    evidence, relation, ids = found
    if len(ids) > 1:
        relation = "merge"
    elif relation == "quantized":
        name = str(row.get("id")).lower()
        for word in UNCENSORED:
            if word in name:
                relation = "finetune"
    return StatedBase(relation, evidence, ids)


def tags_with(row: dict[str, Any], prefix: str) -> list[str]:
    """Return the tags that begin so, of very many tags those among the first thousand."""
    value = row.get("tags")
    if type(value) is not list:
        return []
    size = len(prefix)
    tags = value if len(value) <= MAX_TAGS else value[:MAX_TAGS]
    # A slice is compared in less time than a method is called.
    return [tag for tag in tags if type(tag) is str and tag[:size] == prefix]


def _of_field(row: dict[str, Any]) -> tuple[str | None, list[str]]:
    fields = row.get("baseModels")
    if not isinstance(fields, dict):
        return NOTHING
    models = fields.get("models")
    entries = models if isinstance(models, list) else []
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    return _relation(fields.get("relation")), _ids(ids)


def _of_tags(row: dict[str, Any]) -> tuple[str | None, list[str]]:
    stated = tags_with(row, TAG)
    if not stated:
        return NOTHING
    by_relation: dict[str, list[str]] = {}
    for tag in stated:
        first, colon, name = tag[len(TAG) :].partition(":")
        if not colon or first in RELATIONS:
            by_relation.setdefault(first if colon else "", []).append(name or first)
    relation = min(filter(None, by_relation), default="")
    return relation or None, _ids(by_relation.get(relation, []))


def _of_card(row: dict[str, Any]) -> tuple[str | None, list[str]]:
    card = row.get("cardData")
    if not isinstance(card, dict):
        return NOTHING
    stated = card.get("base_model")
    ids = _ids(stated if isinstance(stated, list) else [stated])
    return _relation(card.get("base_model_relation")), ids


def _relation(value: object) -> str | None:
    return value if isinstance(value, str) and value in RELATIONS else None


def _ids(values: Iterable[object]) -> list[str]:
    """Return ids of repositories, each once; an address or a path of somebody's disk is none."""
    found: list[str] = []
    for value in values:
        if type(value) is str and len(value) <= MAX_ID and NAME.fullmatch(name := value.strip()):
            found += [] if name in found else [name]
            if len(found) == MAX_BASES:
                break
    return found


PLACES = (("baseModels", _of_field), ("tag", _of_tags), ("card", _of_card))
