"""The engine or exporter whose families a page has: a hint where the expected ones are missing."""

import re

from pipelines.telemetry.metrics.vocabulary import Vocabulary, read_vocabulary

NAME = re.compile(rb"(?m)^[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)")
MAX_SEARCHED = 1 << 20
NO_ENGINE = "none"


def find_nearest_engine(page: bytes) -> str:
    """Return the engine or exporter that knows most names on the page; `none` if none does.

    Names that several of them have, such as those of our own server and vLLM, count for the one
    with fewer families.
    """
    names = {found.decode() for found in NAME.findall(page[:MAX_SEARCHED])}
    sources = {row["engine"] for row in read_vocabulary()}
    words = {source: Vocabulary(source) for source in sources}
    known = {
        source: sum(bool(each.admit(name, ANY_LABELS, "")) for name in names)
        for source, each in words.items()
    }
    best = max(known.values(), default=0)
    nearest = [source for source, count in known.items() if count == best > 0]
    fewest = min(nearest, key=lambda each: (len(words[each].names), each), default=NO_ENGINE)
    return fewest.removesuffix(" device")


# A bucket needs a bound.
ANY_LABELS = (("le", "1"),)
