"""No token that a scrape could see is lost or counted twice.

Servers restart, scrapes fail, segments come late, twice or in any order, old samples are dropped.
"""

import shutil
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from support.loading import fresh_warehouse
from support.telemetry_facts import START, TOKENS, Rows, TelemetryHome, read_facts, scrape

from pipelines.loading.telemetry.retention import drop_old_samples
from pipelines.loading.telemetry.segments import load_segments
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.metrics.vocabulary import Series

FINISHED = [
    Series("requests_finished", "counter", model_name="m", labels=f'reason="{reason}"')
    for reason in ("stop", "length", "abort")
]
WATTS = Series("power_watts", "gauge", device="0", labels='provenance="measured"')
# Within the limit of a gap, at it, beyond it, beyond several hours, or until EDGE seconds before
# the next hour.
EDGE = 7
SECONDS = st.sampled_from([5, 10, 15, 16, 9000, -EDGE, -EDGE])
SERVER = st.sampled_from(["scrape", "scrape", "scrape", "failed scrape", "restart"])
# Seconds since the moment before, tokens served meanwhile, and the event.
MOMENTS = st.lists(st.tuples(SECONDS, st.integers(0, 99), SERVER), min_size=1, max_size=4)
COLLECTOR = st.sampled_from(["open", "closed", "closed", "closed", "killed"])
DISK = st.lists(
    st.sampled_from(["load", "load", "load", "load", "copy", "close again", "retain"]), max_size=3
)


class TelemetryMachine(RuleBasedStateMachine):
    """A server that counts and restarts, its collector, and the disk with its segments.

    A process serves a token at an instant. The token can be seen if that process was scraped later,
    and either its counter was scraped before, or the process began while the server was watched.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.home = TelemetryHome(self.folder / "home")
        self.second, self.process, self.count, self.copies = 0, 0, 0, 0
        self.started = START - timedelta(hours=1)
        self.served: list[tuple[int, int, int]] = []  # process, second, tokens
        self.open: list[tuple[int, int, Scrape]] = []  # process, second, scrape
        self.survived: list[tuple[int, int, Scrape]] = []
        self.away: list[Path] = []  # closed segments that are not in the spool yet

    @initialize(shows_start=st.sampled_from([True, True, False]))
    def begin(self, shows_start: bool) -> None:
        """Choose whether pages have the start of their process."""
        self.shows_start = shows_start

    # One rule and not ten: some of those would be disabled for a whole example, and too little
    # would happen in it.
    @rule(moments=MOMENTS, collector=COLLECTOR, disk=DISK, data=st.data())
    def time_passes(
        self,
        moments: list[tuple[int, int, str]],
        collector: str,
        disk: list[str],
        data: st.DataObject,
    ) -> None:
        """Serve tokens, scrape, close or lose a segment; load, copy or drop what is on the disk."""
        for seconds, tokens, event in moments:
            self._serve(seconds, tokens, event)
        if collector == "closed" and self.open:
            self._close()
        elif collector == "killed":
            # An open segment is lost.
            self.open = []
        for event in disk:
            self._change_disk(event, data)

    def _serve(self, seconds: int, tokens: int, event: str) -> None:
        self.second += seconds if seconds > 0 else 3600 - (self.second + EDGE) % 3600
        self.count += tokens
        self.served.append((self.process, self.second - 1, tokens))
        if event == "scrape":
            self.open.append((self.process, self.second, self._scrape()))
        elif event == "failed scrape":
            self.open.append((-1, self.second, scrape(self.second, None)))
        else:
            # Nobody knows the tokens that were served since the last scrape.
            self.second += 4
            self.process, self.count = self.process + 1, 0
            self.started = START + timedelta(seconds=self.second)

    def _scrape(self) -> Scrape:
        values = {TOKENS: float(self.count), WATTS: 100.0 + self.second % 7}
        # A series with labels is there once it has counted, and after a restart it may be another.
        values |= {FINISHED[self.process % 3]: float(self.count)} if self.count else {}
        return scrape(self.second, values, self.started if self.shows_start else None)

    def _close(self) -> None:
        """Close the open segment and keep it away from the spool."""
        taken, self.open = self.open, []
        self.survived += taken
        self._put_away([each for _, _, each in taken])

    def _put_away(self, scrapes: list[Scrape]) -> None:
        path = self.home.close(scrapes)
        self.away.append(path.rename(self.folder / path.name))

    def _change_disk(self, event: str, data: st.DataObject) -> None:
        if event == "close again" and self.survived:
            indices = st.sampled_from(range(len(self.survived)))
            again = data.draw(st.lists(indices, min_size=1, max_size=3, unique=True))
            self._put_away([self.survived[index][2] for index in again])
        elif event == "retain":
            self._retain(data.draw(st.sampled_from([0, 1])))
        elif self.away:
            path = data.draw(st.sampled_from(self.away))
            self._copy(path) if event == "copy" else self._load(path)

    def _copy(self, path: Path) -> None:
        """Copy the same bytes to another name."""
        self.copies += 1
        copy = self.folder / f"20260101T000000000000Z-copied-{self.copies:06d}.parquet"
        self.away.append(Path(shutil.copy(path, copy)))

    def _load(self, path: Path) -> None:
        """Load this segment, even if older ones are still away."""
        self.away.remove(path)
        path.rename(self.home.spool / path.name)
        self.home.load()

    def _retain(self, days: int) -> None:
        """Drop old samples; no fact may change."""
        before = self.home.facts()
        drop_old_samples(self.home.con, days, START + timedelta(seconds=self.second))
        assert self.home.facts() == before

    def teardown(self) -> None:
        """Load all that is on the disk, and compare."""
        if self.open:
            self._close()
        for path in self.away:
            path.rename(self.home.spool / path.name)
        self.home.load()
        self._check_growth()
        self._check_rebuild()
        self.home.con.close()
        shutil.rmtree(self.folder)

    def _check_growth(self) -> None:
        """Compare growth with the tokens that could be seen."""
        negative = "select count(*) from ledger.counter_minutes where growth < 0"
        assert self.home.rows(negative) == [(0,)]
        for series in (TOKENS, *FINISHED[:1]):
            growth = self.home.growth(f"metric = '{series.metric}'")
            # A restart without a start, after which the new process has overtaken the old value,
            # looks like none; and one that seems to come back is unknown.
            visible = self._visible(series)
            assert growth == visible if self.shows_start else growth <= visible

    def _visible(self, series: Series) -> int:
        """Count the tokens that scrapes of this metric can have seen."""
        pages = [(process, second, each) for process, second, each in self.survived if process >= 0]
        first = min((second for _, second, _ in pages), default=0)
        return sum(
            tokens
            for process, second, tokens in self.served
            if any(process == by and second < later for by, later, _ in pages)
            and second > (self._counted_from(process, series) if self.shows_start else first)
        )

    def _counted_from(self, process: int, series: Series) -> int:
        """Return the second from which the tokens of a process are counted."""
        if any(0 <= by < process for by, _, _ in self.survived):
            return -1
        shown = [
            second
            for by, second, page in self.survived
            if by == process and series.metric in {each.metric for each in page.series}
        ]
        return min(shown, default=self.second)

    def _check_rebuild(self) -> None:
        """Load the archive into another warehouse; it has the same facts."""
        with closing(fresh_warehouse()) as again:
            load_segments(again, self.home.folders)
            assert rounded(read_facts(again)) == rounded(self.home.facts())


def rounded(facts: dict[str, Rows]) -> dict[str, list[tuple[Any, ...]]]:
    """Round numbers: energy is a sum of fractions, whose order is not defined."""
    return {
        table: [
            tuple(round(value, 6) if isinstance(value, float) else value for value in row)
            for row in rows
        ]
        for table, rows in facts.items()
    }


# `make test` runs the first few of the same examples, `make test-long` all of them.
TestTelemetry = pytest.mark.slow(TelemetryMachine.TestCase)
TestTelemetry.settings = settings(
    max_examples=8, stateful_step_count=12, deadline=None, derandomize=True
)


@pytest.mark.long
@pytest.mark.slow
class TestLongTelemetry(TelemetryMachine.TestCase):  # type: ignore[misc, name-defined]
    """More examples of the same machine."""

    settings = settings(max_examples=60, stateful_step_count=12, deadline=None, derandomize=True)
