"""The synthetic Hub: open models with what others made of them, and counters of downloads.

It keeps the traps of the real one: counters that stand still for a day, a model that is not
counted, one that was renamed, a counter that went back, bases in a circle, merges, a missing base,
bases that no list has, since they are of no kind.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from pipelines.simulator.errors import HiddenRepository, JsonObject
from pipelines.simulator.synthetic.models import SyntheticModel, listings
from pipelines.simulator.synthetic.numbers import one_noise, stable_hex

FIRST_DAY = date(2024, 1, 1)
RENAMED_ON = date(2026, 6, 15)
WENT_BACK_ON = date(2026, 6, 10)
# Of these days of the year the counters stand still, and the next day has both.
STALL_EVERY, STALL_AT = 17, 5
DAYS_30 = timedelta(days=30)
LICENCE = "apache-2.0"
QUIET: dict[str, Any] = {"is_listed": False, "rate": 3}
QUIET_NAME = "community/quiet-draft"


@dataclass(frozen=True)
class Repository:
    """A repository: what it is made from, and how often it is downloaded."""

    name: str
    relation: str | None
    bases: tuple[str, ...]
    rate: int
    since: date
    likes: int
    parameters: int
    former_name: str | None = None
    goes_back: bool = False
    reads_images: bool = False
    # Without a kind a model is in no list, and is found by its name alone.
    is_listed: bool = True


def hub_models(seed: int, now: datetime, pipeline_tag: str) -> list[JsonObject]:
    """Return the list of one kind of model, most downloaded first."""
    reads_images = pipeline_tag == "image-text-to-text"
    rows = [
        _row(seed, repository, now)
        for repository in repositories(seed)
        if repository.since <= now.date()
        and repository.is_listed
        and repository.reads_images == reads_images
    ]
    return sorted(rows, key=lambda row: (-int(str(row["downloads"])), str(row["id"])))


def hub_model(seed: int, now: datetime, name: str) -> JsonObject:
    """Return the repository that has a name or had it, in any case; raise HiddenRepository."""
    for repository in repositories(seed):
        names = {each.lower() for each in (repository.name, repository.former_name) if each}
        if name.lower() in names and repository.since <= now.date():
            row = _row(seed, repository, now)
            kind = "image-text-to-text" if repository.reads_images else "text-generation"
            return {**row, "pipeline_tag": kind} if repository.is_listed else row
    raise HiddenRepository


@cache
def repositories(seed: int) -> tuple[Repository, ...]:
    """Return all repositories: those of labs, copies and fine-tunes of them, and odd ones."""
    models = {
        listing.model.hugging_face_id: listing.model
        for listing in listings()
        if listing.model.hugging_face_id
    }
    found = [each for name in sorted(models) for each in _family(seed, name, models[name])]
    first, second = (sorted(models)[n] for n in (0, -1))
    odd: list[tuple[str, str | None, tuple[str, ...], dict[str, Any]]] = [
        ("community/merged", "merge", (first, second), {}),
        ("community/of-a-deleted-one", "finetune", ("nobody/deleted",), {}),
        ("community/circle-a", "finetune", ("community/circle-b",), {}),
        ("community/circle-b", "finetune", ("community/circle-a",), {}),
        ("community/renamed", "finetune", (first,), {"former_name": "community/first-name"}),
        ("community/went-back", "finetune", (first,), {"goes_back": True}),
        ("community/not-counted", None, (), {"rate": 0}),
        ("community/quiet-copy", "quantized", ("community/quiet-tuned",), {}),
        # Two steps that no list has, the second by a name that it no longer has.
        ("community/quiet-tuned", "finetune", ("Community/Quiet-Draft",), QUIET),
        ("community/quiet-base", "finetune", (first,), {**QUIET, "former_name": QUIET_NAME}),
    ]
    for name, relation, bases, changes in odd:
        fields: dict[str, Any] = {
            "rate": 900,
            "since": FIRST_DAY,
            "likes": 10,
            "parameters": 8 * 10**9,
            **changes,
        }
        found.append(Repository(name, relation, bases, **fields))
    return tuple(found)


def _family(seed: int, name: str, model: SyntheticModel) -> Iterator[Repository]:
    rate = 300 + int(30_000 * one_noise(seed, "hub", name) ** 3)
    since = max(model.launched, FIRST_DAY)
    reads = "image" in model.input_modalities
    likes, size = rate // 10, parameters(seed, name)
    short = name.rpartition("/")[2]
    yield Repository(name, None, (), rate, since, likes, size, reads_images=reads)
    copy, tuned = f"unsloth/{short}-GGUF", f"community/{short}-tuned"
    yield Repository(copy, "quantized", (name,), rate // 2, since, likes // 4, size)
    yield Repository(tuned, "finetune", (name,), rate // 5 + 1, since, likes // 9, size)
    again = f"mradermacher/{short}-tuned-GGUF"
    yield Repository(again, "quantized", (tuned,), rate // 9 + 1, since, 1, size)


def parameters(seed: int, name: str) -> int:
    """Return a model's parameters, about as many as its name states, else any number."""
    if stated := re.search(r"[-_](\d+(?:\.\d+)?)b(?:-|$)", name.lower()):
        return int(1.05 * 10**9 * float(stated[1]))
    return 10**9 * (1 + int(200 * one_noise(seed, "size", name) ** 2))


def _row(seed: int, repository: Repository, now: datetime) -> JsonObject:
    day = now.date()
    all_time, before = (_count(seed, repository, each) for each in (day, day - DAYS_30))
    former = repository.former_name
    row: JsonObject = {
        "_id": stable_hex(24, "hub", repository.name),
        "id": former if former and day < RENAMED_ON else repository.name,
        "likes": repository.likes,
        "downloads": max(all_time - before, 0),
        "downloadsAllTime": all_time,
        "createdAt": f"{repository.since}T00:00:00.000Z",
        "tags": ["transformers", "text-generation", f"license:{LICENCE}"],
    }
    if repository.bases:
        models = [{"_id": stable_hex(24, "hub", base), "id": base} for base in repository.bases]
        row["baseModels"] = {"relation": repository.relation, "models": models}
    if repository.name.endswith("GGUF"):
        row["gguf"] = {"total": repository.parameters, "architecture": "synthetic"}
    else:
        types = {"BF16": repository.parameters}
        row["safetensors"] = {"parameters": types, "total": repository.parameters}
    return row


def _count(seed: int, repository: Repository, day: date) -> int:
    """Return the all-time count on a day: it grows by about the rate, and never goes back."""
    if day.timetuple().tm_yday % STALL_EVERY == STALL_AT:
        day -= timedelta(days=1)
    days = (day - repository.since).days
    if days < 0:
        return 0
    part = one_noise(seed, "downloads", repository.name, day) / 2
    count = int(repository.rate * (days + part))
    is_back = repository.goes_back and day >= WENT_BACK_ON
    return count - 20 * repository.rate if is_back else count
