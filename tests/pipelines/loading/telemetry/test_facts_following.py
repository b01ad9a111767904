"""Facts to which each load adds are those that all samples together give.

The reference is a home in which every hour is made from all its samples; the loads of the other one
add what is new, or fall back to that where they must.
"""

import math
import tempfile
from contextlib import closing
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.telemetry_facts import START, TOKENS, Rows, TelemetryHome, scrape

from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.metrics.vocabulary import Series

QUEUE = Series("requests_running", "gauge", model_name="m")
WATTS = Series("power_watts", "gauge", device="0", labels='provenance="measured"')
JOULES = Series("energy_joules", "counter", device="0", labels='provenance="measured"')
INFO = Series("build_info", "info", labels='version="1"')
TTFT = {
    part: Series("ttft_seconds", "histogram", part, model_name="m", le=le)
    for part, le in (("bucket", 0.5), ("sum", None), ("count", None))
}
ALWAYS_MADE_AGAIN = "insert into ledger.target_state values ('t', '1970-01-01', '2100-01-01')"
EVENTS = ("scrape", "scrape", "scrape", "scrape", "failed", "restart", "fall", "new series")
# Seconds since the scrape before, tokens served meanwhile, and the event.
MOMENTS = st.lists(
    st.tuples(
        st.sampled_from([5, 5, 5, 10, 20, 55, 900, 3600]),
        st.integers(0, 999),
        st.sampled_from(EVENTS),
    ),
    min_size=2,
    max_size=30,
)


def watch(moments: list[tuple[int, int, str]], shows_start: bool) -> list[Scrape]:
    """Return the scrapes of a server at these moments."""
    instants = list(accumulate(seconds for seconds, *_ in moments))
    started, count, joules, is_rich = START - timedelta(hours=5), 7000, 9e5, False
    scrapes = []
    for second, (_, tokens, event) in zip(instants, moments, strict=True):
        if event == "restart":
            started, count = START + timedelta(seconds=second - 1), 0
        count, joules = count + tokens, joules + tokens / 7
        is_rich = is_rich or event == "new series"
        shown = count // 3 if event == "fall" else count
        values = {
            TOKENS: float(shown),
            QUEUE: tokens % 7 / 3,
            WATTS: 90 + tokens / 11,
            INFO: 1.0,
            TTFT["bucket"]: float(shown // 3),
            TTFT["sum"]: shown / 7,
            TTFT["count"]: float(shown // 2),
        }
        values |= {JOULES: joules} if is_rich else {}
        shown_start: datetime | None = started if shows_start else None
        scrapes.append(scrape(second, None if event == "failed" else values, shown_start))
    return scrapes


def rounded(facts: dict[str, Rows]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the facts with ten digits of each figure: sums have no order."""
    return {
        table: sorted((tuple(_digits(value) for value in row) for row in rows), key=repr)
        for table, rows in facts.items()
    }


def _digits(value: Any) -> Any:
    if not isinstance(value, float) or value == 0:
        return value
    return round(value, 10 - math.ceil(math.log10(abs(value)))) + 0.0


def compare(
    moments: list[tuple[int, int, str]], shows_start: bool, cuts: set[int], late: int
) -> None:
    """Load the segments between these cuts, one of them late, and all at once; both are equal."""
    scrapes = watch(moments, shows_start)
    places = sorted({0, len(scrapes), *(cut for cut in cuts if cut < len(scrapes))})
    segments = [scrapes[first:last] for first, last in pairwise(places)]
    if late < len(segments):
        segments.append(segments.pop(late))
    whole = TelemetryHome(Path(tempfile.mkdtemp()))
    added = TelemetryHome(Path(tempfile.mkdtemp()))
    with closing(whole.con), closing(added.con):
        whole.con.execute(ALWAYS_MADE_AGAIN)
        whole.load(scrapes)
        for segment in segments:
            added.load(segment)
        assert rounded(added.facts()) == rounded(whole.facts())


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    moments=MOMENTS,
    shows_start=st.booleans(),
    cuts=st.sets(st.integers(1, 29), max_size=8),
    late=st.sampled_from([99, 99, 99, 0, 1, 2]),
)
@pytest.mark.long
def test_facts_that_are_added_to_are_those_of_all_samples(
    moments: list[tuple[int, int, str]], shows_start: bool, cuts: set[int], late: int
) -> None:
    """Wherever segments are cut, and if one of them comes late."""
    compare(moments, shows_start, cuts, late)


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=400, deadline=None)
@given(
    moments=MOMENTS,
    shows_start=st.booleans(),
    cuts=st.sets(st.integers(1, 29), max_size=8),
    late=st.sampled_from([99, 99, 99, 0, 1, 2]),
)
def test_facts_are_equal_in_many_orders(
    moments: list[tuple[int, int, str]], shows_start: bool, cuts: set[int], late: int
) -> None:
    """The same for many more inputs."""
    compare(moments, shows_start, cuts, late)


def test_samples_that_follow_read_none_of_those_before(tmp_path: Path) -> None:
    """The samples of the hour may be gone; what follows is added all the same."""
    home = TelemetryHome(tmp_path)
    with closing(home.con):
        home.load([scrape(0, 100), scrape(5, 130)])
        home.con.execute("delete from raw.telemetry_samples")
        home.load([scrape(10, 170)])
        assert home.growth() == 70
        assert home.rows(
            "select samples, value from ledger.series_state, lateral (select 1 samples) "
            "where metric = 'generation_tokens'"
        ) == [(1, 170.0)]


def test_a_late_sample_takes_its_part_of_the_hour(tmp_path: Path) -> None:
    """Growth that was added for the later one is divided between both."""
    home = TelemetryHome(tmp_path)
    with closing(home.con):
        home.load([scrape(0, 100)])
        home.load([scrape(130, 190)])
        home.load([scrape(65, 150)])
        minutes = home.rows(
            "select minute(minute_at), growth from ledger.counter_minutes order by 1"
        )
        assert minutes == [(0, None), (1, 50.0), (2, 40.0)]
