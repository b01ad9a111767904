"""A `[[target]]` added to the tier file, which stays valid or stays as it was."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import BadSetting, BadTier
from pipelines.files import write_durably
from pipelines.telemetry.config.tier import parse_tier

MAX_NAME = 60


@dataclass(frozen=True)
class TargetDraft:
    """The answers of a person about a server."""

    url: str
    engine: str
    name: str = ""  # made of the address where it is empty
    model_map: Mapping[str, str] = field(default_factory=dict)  # served name -> name in the market
    devices: int = 1
    device_kind: str = ""
    service: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # header -> variable with its value


def add_target(path: Path, draft: TargetDraft) -> str:
    """Add a server to the tier file, which is made if it is missing; return the block.

    Raise BadTier where a value is wrong, BadSetting where the name is taken. The file then stays as
    it was.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    taken = _names(text, path.name)
    if draft.name in taken:
        raise BadSetting(f"{path.name} has a target {draft.name} already; take another name.")
    name = draft.name or _free_name(draft.url, taken)
    block = "\n".join(["[[target]]", *_lines(name, draft)]) + "\n"
    # Tables that begin later in the file would swallow keys, so a block of tables goes to its end.
    whole = f"{text.rstrip()}\n\n{block}" if text.strip() else block
    parse_tier(whole, path.name, path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, whole.encode())
    return block


def _names(text: str, file: str) -> set[str]:
    """Return the names of the targets of a file, which may have none yet."""
    try:
        targets = tomllib.loads(text).get("target", [])
    except tomllib.TOMLDecodeError as error:
        raise BadTier(f"{file} is not TOML: {error}. Correct that line first.") from error
    return {str(target.get("name")) for target in targets if isinstance(target, dict)}


def _lines(target: str, draft: TargetDraft) -> Iterator[str]:
    yield f"name = {_text(target)}"
    yield f"url = {_text(draft.url)}"
    yield f"engine = {_text(draft.engine)}"
    yield f"devices = {draft.devices:d}"
    if draft.device_kind:
        yield f"device_kind = {_text(draft.device_kind)}"
    if draft.service:
        yield f"service = {_text(draft.service)}"
    for name, table in (("model_map", draft.model_map), ("headers", draft.headers)):
        pairs = [f"{_text(key)} = {_text(value)}" for key, value in table.items()]
        if pairs:
            yield f"{name} = {{ {', '.join(pairs)} }}"


def _text(value: str) -> str:
    """Write a text as TOML does: as JSON, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _free_name(url: str, taken: set[str]) -> str:
    """Return a name made of host and port, such as 10-0-0-11-8000."""
    place = url.partition("://")[2].partition("/")[0]
    plain = re.sub(r"[^a-zA-Z0-9]+", "-", place).strip("-")[:MAX_NAME] or "server"
    names = (plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
