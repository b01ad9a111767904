"""One server seen on several ways: live scrapes, a store's history, corrected names.

Whatever the ways and the order of loading, growth is what was served between two looks at one
process: never more, and nothing between two live scrapes is lost.
"""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.telemetry_facts import START, TOKENS, TelemetryHome, scrape

from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.metrics.vocabulary import Series

CORRECTED = Series("generation_tokens", "counter", model_name="corrected")
# Seconds since the look before, tokens served meanwhile, who looked, and by how much the clock of
# the store differs.
LOOKS = st.lists(
    st.tuples(
        st.sampled_from([5, 5, 10, 15, 40, 4000]),
        st.integers(0, 1000),
        st.sampled_from(["live", "live", "history", "both"]),
        st.sampled_from([-2, 0, 0, 1, 2]),
    ),
    min_size=2,
    max_size=12,
)


def load(
    home: TelemetryHome, live: Sequence[Scrape], history: Sequence[Scrape], first: str
) -> None:
    """Load the segments of both ways, one after the other."""
    for way in (first, "history" if first == "live" else "live"):
        if way == "live" and live:
            home.load(list(live))
        elif way == "history" and history:
            SegmentWriter(home.settings.history_spool).write(list(history))
            home.load()


@pytest.mark.slow
@settings(max_examples=8, deadline=None, derandomize=True)
@given(looks=LOOKS, shows_start=st.booleans(), corrected_at=st.integers(0, 12))
def test_growth_is_what_two_looks_at_one_process_prove(
    looks: list[tuple[int, int, str, int]], shows_start: bool, corrected_at: int
) -> None:
    """The same samples in either order give the same facts; a corrected name claims nothing."""
    instants = list(accumulate(seconds for seconds, *_ in looks))
    counts = list(accumulate((tokens for _, tokens, *_ in looks), initial=5_000_000))[1:]
    started = START if shows_start else None
    live, history, seen = [], [], []
    for place, (_, _, way, offset) in enumerate(looks):
        series = CORRECTED if place >= corrected_at else TOKENS
        values = {series: float(counts[place])}
        if way in ("live", "both"):
            live.append(scrape(instants[place], values, started))
            seen.append((series, counts[place]))
        if way in ("history", "both"):
            history.append(scrape(instants[place] + offset, values, started))
    facts = []
    for first in ("live", "history"):
        home = TelemetryHome(Path(tempfile.mkdtemp()))
        with closing(home.con):
            load(home, live, history, first)
            facts.append(home.facts())
            unknown = home.rows("select 1 from ledger.counter_minutes where unknown_reason <> ''")
            growth = home.growth()
        assert unknown == []
        assert growth <= counts[-1] - counts[0]
        assert growth >= sum(
            later - before for (name, before), (other, later) in pairwise(seen) if name is other
        )
    assert facts[0] == facts[1]
