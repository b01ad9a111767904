"""The page docs/coverage.md: what intervals hold of a thousand seeded markets of each kind.

PYTHONPATH=.:tests python -m support.coverage.report
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from support.coverage.seeded_markets import KINDS, MODELS, Coverage, Kind, is_as_stated, measure
from support.coverage.seeded_markets import total as total_of
from support.marts.compiled_sql import Marts

PAGE = Path(__file__).parents[3] / "docs" / "coverage.md"
INTRODUCTION = Path(__file__).with_name("introduction.md")
HEAD = (
    "| planted | how | number | stated | hold the truth |",
    "| --- | --- | ---: | ---: | ---: |",
)


def write_page(found: Mapping[Kind, Sequence[Coverage]]) -> str:
    """Return the text of the page, with a row for each way and one for all of a kind."""
    lines = [*HEAD, *(line for kind, parts in found.items() for line in _rows(kind, parts))]
    return INTRODUCTION.read_text().replace("<!-- table -->", "\n".join(lines))


def _rows(kind: Kind, parts: Sequence[Coverage]) -> Iterator[str]:
    shown = [*parts, total_of(parts)] if len(parts) > 1 else parts
    for part in shown:
        yield (
            f"| {kind.title} | {part.how} | {part.planted:,} | {part.stated:,} "
            f"| {part.share:.1%} |".replace("%", " %")
        )


def main() -> int:
    """Measure every kind, write the page, and return 1 where one is not as stated."""
    with tempfile.TemporaryDirectory() as home:
        compiled = Marts(Path(home), MODELS)
        found = {kind: measure(compiled, kind) for kind in KINDS}
    PAGE.write_text(write_page(found))
    wrong = [kind.title for kind, parts in found.items() if not is_as_stated(kind, total_of(parts))]
    for title in wrong:
        print(f"{title}: not as stated; see {PAGE}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
