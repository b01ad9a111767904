"""Shards: each of several collectors takes a part of the same targets."""

import re
from dataclasses import dataclass
from hashlib import md5

from pipelines.errors import BadSetting

SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


def hash_number(text: str) -> int:
    """Return the last eight bytes of a text's MD5 as a number, which Prometheus' `hashmod` uses."""
    return int.from_bytes(md5(text.encode(), usedforsecurity=False).digest()[-8:], "big")


@dataclass(frozen=True)
class Shard:
    """The `number`-th of `count` parts, from 1; a target is in one of them by its name."""

    number: int = 1
    count: int = 1

    def has(self, name: str) -> bool:
        """Tell whether a target of this name is in the shard."""
        return hash_number(name) % self.count == self.number - 1


WHOLE = Shard()


def parse_shard(text: str | None) -> Shard:
    """Read a shard such as `3/8`, all where there is none; raise BadSetting for what is none."""
    if text is None:
        return WHOLE
    if found := SHARD.fullmatch(text):
        number, count = map(int, found.groups())
        if 1 <= number <= count:
            return Shard(number, count)
    raise BadSetting(f"--shard {text!r} is no shard; write 3/8 for the third of eight.")
