"""Whatever happens to servers, collector, segments and the disk, no token that a scrape could see is lost or counted twice."""

import shutil
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from support.loading import fresh
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
# Within the limit of a gap, at it, beyond it, beyond several hours, or until EDGE seconds before the next hour.
EDGE = 7
SECONDS = st.sampled_from([5, 10, 15, 16, 9000, -EDGE, -EDGE])
SERVER = st.sampled_from(["scrape", "scrape", "scrape", "failed scrape", "restart"])
# How long after the one before, how many tokens meanwhile, and what happens then.
MOMENTS = st.lists(st.tuples(SECONDS, st.integers(0, 99), SERVER), min_size=1, max_size=4)
COLLECTOR = st.sampled_from(["open", "closed", "closed", "closed", "killed"])
DISK = st.lists(
    st.sampled_from(["load", "load", "load", "load", "copy", "close again", "retain"]), max_size=3
)


class Tier(RuleBasedStateMachine):
    """A server that counts, restarts and is scraped; its segments go astray, come twice or late, and old samples are dropped.

    A token is served at an instant by a process. It can be seen if that process was scraped later, and if some scrape came earlier.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.home = TelemetryHome(self.folder / "home")
        self.second, self.process, self.count, self.copies = 0, 0, 0, 0
        self.born = START - timedelta(hours=1)
        self.served: list[tuple[int, int, int]] = []  # process, second, tokens
        self.open: list[tuple[int, int, Scrape]] = []  # process, second, scrape
        self.survived: list[tuple[int, int, Scrape]] = []
        self.away: list[Path] = []  # closed segments that nobody looks for yet

    @initialize(says_start=st.sampled_from([True, True, False]))
    def begin(self, says_start: bool) -> None:
        """Some servers say when they started."""
        self.says_start = says_start

    # One rule and not ten: of those some are disabled for a whole example, and too little would happen in it.
    @rule(moments=MOMENTS, collector=COLLECTOR, disk=DISK, data=st.data())
    def time_passes(
        self,
        moments: list[tuple[int, int, str]],
        collector: str,
        disk: list[str],
        data: st.DataObject,
    ) -> None:
        """Tokens are served and scraped, a segment is closed or lost, segments come to light in any order or once more, old samples go."""
        for seconds, tokens, event in moments:
            self._serve(seconds, tokens, event)
        if collector == "closed" and self.open:
            self._close()
        elif collector == "killed":
            # What was not closed yet is lost.
            self.open = []
        for event in disk:
            self._on_the_disk(event, data)

    def _serve(self, seconds: int, tokens: int, event: str) -> None:
        self.second += seconds if seconds > 0 else 3600 - (self.second + EDGE) % 3600
        self.count += tokens
        self.served.append((self.process, self.second - 1, tokens))
        if event == "scrape":
            self.open.append((self.process, self.second, self._scrape()))
        elif event == "failed scrape":
            self.open.append((-1, self.second, scrape(self.second, None)))
        else:
            # What was served since the last scrape is known to nobody.
            self.second += 4
            self.process, self.count, self.born = (
                self.process + 1,
                0,
                START + timedelta(seconds=self.second),
            )

    def _scrape(self) -> Scrape:
        values = {TOKENS: float(self.count), WATTS: 100.0 + self.second % 7}
        # A labelled series is there once it has something to say, and after a restart it may be another one.
        values |= {FINISHED[self.process % 3]: float(self.count)} if self.count else {}
        return scrape(self.second, values, self.born if self.says_start else None)

    def _close(self) -> None:
        """The segment is on the disk, but nobody looks for it yet."""
        taken, self.open = self.open, []
        self.survived += taken
        self._put_away([each for _, _, each in taken])

    def _put_away(self, scrapes: list[Scrape]) -> None:
        path = self.home.close(scrapes)
        self.away.append(path.rename(self.folder / path.name))

    def _on_the_disk(self, event: str, data: st.DataObject) -> None:
        if event == "close again" and self.survived:
            again = data.draw(
                st.lists(
                    st.sampled_from(range(len(self.survived))), min_size=1, max_size=3, unique=True
                )
            )
            self._put_away([self.survived[index][2] for index in again])
        elif event == "retain":
            self._retain(data.draw(st.sampled_from([0, 1])))
        elif self.away:
            path = data.draw(st.sampled_from(self.away))
            self._copy(path) if event == "copy" else self._load(path)

    def _copy(self, path: Path) -> None:
        """The same bytes under another name."""
        self.copies += 1
        copy = self.folder / f"20260101T000000000000Z-copied-{self.copies:06d}.parquet"
        self.away.append(Path(shutil.copy(path, copy)))

    def _load(self, path: Path) -> None:
        """This one, however many older ones are away."""
        self.away.remove(path)
        path.rename(self.home.spool / path.name)
        self.home.load()

    def _retain(self, days: int) -> None:
        """Facts are not touched by it."""
        before = self.home.facts()
        drop_old_samples(self.home.con, days, START + timedelta(seconds=self.second))
        assert self.home.facts() == before

    def teardown(self) -> None:
        """In the end everything that is on the disk is loaded."""
        if self.open:
            self._close()
        for path in self.away:
            path.rename(self.home.spool / path.name)
        self.home.load()
        self._nothing_is_lost_or_counted_twice()
        self._a_rebuild_says_the_same()
        self.home.con.close()
        shutil.rmtree(self.folder)

    def _nothing_is_lost_or_counted_twice(self) -> None:
        scrapes = [(process, second) for process, second, _ in self.survived if process >= 0]
        first = min((second for _, second in scrapes), default=0)
        seen = sum(
            tokens
            for process, second, tokens in self.served
            if second > first and any(process == by and second < later for by, later in scrapes)
        )
        assert self.home.rows("select count(*) from ledger.counter_minutes where growth < 0") == [
            (0,)
        ]
        for metric in ("generation_tokens", "requests_finished"):
            growth = self.home.growth(f"metric = '{metric}'")
            # A restart that nobody tells of, after which the new process has overtaken the old one, cannot be told from none.
            assert growth == seen if self.says_start else growth <= seen

    def _a_rebuild_says_the_same(self) -> None:
        with closing(fresh()) as again:
            load_segments(again, self.home.folders)
            assert rounded(read_facts(again)) == rounded(self.home.facts())


def rounded(found: dict[str, Rows]) -> dict[str, list[tuple[Any, ...]]]:
    """Energy is a sum of fractions, whose order is not defined."""
    return {
        table: [
            tuple(round(value, 6) if isinstance(value, float) else value for value in row)
            for row in rows
        ]
        for table, rows in found.items()
    }


TestTier = Tier.TestCase
TestTier.settings = settings(
    max_examples=25, stateful_step_count=12, deadline=None, derandomize=True
)
