"""Other spellings of a family's name, as Ray, OpenTelemetry and AMD's exporter write it."""

import re
from collections.abc import Container, Iterable, Iterator

# Ray and OpenTelemetry write the colon of a name as another character and may put words before it.
SPELLING = re.compile(
    r"(?:[a-zA-Z0-9_:.]*[_:.])?(vllm|sglang|llamacpp|tokentide|lmdeploy|trtllm)[_:.](.+)"
)
# OpenTelemetry adds the unit to a name, also to one that has it already.
ADDED_UNITS = re.compile(r"_ratio$|(?<=_total)_total$|(?<=_seconds)_seconds$|(?<=_tokens)_tokens$")
AMD_PREFIX = "amd_"


def find_spelling(name: str, known: Container[str]) -> str:
    """Return the known name that another spelling stands for, or ""."""
    if (bare := name.removeprefix(AMD_PREFIX)) in known:
        return bare
    spelled = SPELLING.fullmatch(name)
    if not spelled:
        return ""
    engine, rest = spelled.group(1), spelled.group(2).replace(".", "_")
    for end in (rest, ADDED_UNITS.sub("", rest)):
        for mark in ":_":
            if f"{engine}{mark}{end}" in known:
                return f"{engine}{mark}{end}"
    return ""


def list_spellings(names: Iterable[str]) -> Iterator[str]:
    """Yield the usual other spellings of names, to ask a store for them."""
    for name in names:
        engine, mark, rest = name.partition(":")
        if mark:
            yield from (f"{engine}_{rest}", f"ray_{engine}_{rest}")
