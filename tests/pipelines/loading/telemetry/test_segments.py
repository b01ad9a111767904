"""Each segment is loaded once, in any order, whatever a crash or a copy left behind; what cannot be read stays and is named."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from support.loading import fresh
from support.telemetry_facts import START, TOKENS, Home, facts, scrape, tier

from models.server.usage_log import UsageEvent, UsageLog
from pipelines.loading.telemetry.retention import drop_old_samples
from pipelines.loading.telemetry.segments import load_segments
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.config.tier import Tier, parse_tier
from pipelines.telemetry.metrics.vocabulary import Series

HOUR = 3600
SCRAPES = [scrape(0, 100), scrape(10, 130)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    with closing(home.con):
        yield home


def archived(home: Home) -> list[str]:
    return sorted(path.name for path in home.settings.telemetry_archive.rglob("*.parquet"))


def waiting(home: Home) -> list[str]:
    return [segment.name for segment in home.places.waiting()]


def test_a_segment_is_loaded_once_and_kept(home: Home) -> None:
    """It is moved into the archive, from which another warehouse gets the same facts."""
    path = home.close(SCRAPES)
    assert home.load().segments == 1
    assert (waiting(home), archived(home)) == ([], [path.name])
    assert home.load().segments == 0
    assert home.growth() == 30
    with closing(fresh()) as again:
        assert load_segments(again, home.places).segments == 1
        assert facts(again) == home.facts()


def test_a_crash_before_the_move_loads_nothing_twice(home: Home) -> None:
    """The next run finds the segment recorded, and only moves it."""
    path = home.close(SCRAPES)
    shutil.copy(path, home.settings.home / "left")
    home.load()
    shutil.move(home.settings.home / "left", path)
    assert home.load().samples == 0
    assert (waiting(home), home.growth()) == ([], 30)


def test_the_same_bytes_under_another_name_change_nothing(home: Home) -> None:
    """They are recorded as a repetition."""
    path = home.close(SCRAPES)
    shutil.copy(path, path.with_name("20260101T000000000000Z-copy-000001.parquet"))
    assert (home.load().repeated, home.growth()) == (1, 30)
    outcomes = "select outcome, count(*) from raw.telemetry_segments group by all order by all"
    assert home.rows(outcomes) == [("loaded", 1), ("repeated", 1)]
    assert waiting(home) == []


def test_other_bytes_under_a_known_name_are_another_segment(home: Home) -> None:
    """They are loaded and kept under a name of their own, so nothing in the archive is overwritten."""
    path = home.close(SCRAPES)
    home.load()
    home.close([scrape(20, 150)]).rename(path)
    assert home.load().segments == 1
    assert home.growth() == 50
    [first, second] = archived(home)
    assert {path.name} < {first, second}


def test_of_two_values_at_one_instant_the_greater_counts(tmp_path: Path) -> None:
    """Whichever is loaded first."""
    twins = [[scrape(0, 100), scrape(10, 130)], [scrape(10, 131)], [scrape(10, 120)]]
    growths = []
    for number, order in enumerate(itertools.permutations(twins)):
        home = Home(tmp_path / str(number))
        with closing(home.con):
            for scrapes in order:
                home.load(scrapes)
            growths.append(home.growth())
    assert growths == [31] * 6


def stretch(*scrapes: tuple[float, float | None]) -> list[Scrape]:
    watts = Series("power_watts", "gauge", device="0")
    return [
        scrape(second, value if value is None else {TOKENS: value, watts: value % 90})
        for second, value in scrapes
    ]


# Across an hour's edge; within an hour whose edge stays; hours apart; scrapes in vain long after the last good one.
STRETCHES = [
    stretch((10, 100), (HOUR - 5, 200), (HOUR + 5, 210)),
    stretch((1800, 150)),
    stretch((2 * HOUR + 60, 300)),
    stretch((3 * HOUR, None), (4 * HOUR, None), (5 * HOUR, 400)),
]


ORDERS = [order for order in itertools.permutations(range(4)) if 0 in (order[0], order[3])]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
def test_the_order_of_loading_is_all_one(tmp_path: Path, order: tuple[int, ...]) -> None:
    """A late segment takes its part of the growth from the hour that had all of it."""
    once, late = Home(tmp_path / "once"), Home(tmp_path / "late")
    with closing(once.con), closing(late.con):
        once.load(*STRETCHES)
        for index in order:
            late.load(STRETCHES[index])
        assert late.facts() == once.facts()
        assert late.growth() == 300


def test_retention_changes_no_fact_and_late_segments_find_what_it_dropped(home: Home) -> None:
    """What was dropped is taken back from the archive, so that the hour is counted from all of its samples."""
    home.load(*STRETCHES[:1], *STRETCHES[2:])
    before = home.facts()
    # Of the 13 samples before the fourth hour the last one of each series stays: tokens, power, good scrapes and failed ones.
    assert drop_old_samples(home.con, 1, START + timedelta(hours=28)) == 9
    assert home.facts() == before
    home.load(STRETCHES[1])
    once = Home(home.settings.home / "once")
    with closing(once.con):
        once.load(*STRETCHES)
        assert home.facts() == once.facts()


def test_what_the_archive_lost_stays_as_it_was_counted(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Facts are rather left without a late sample than made of what remains."""
    home.load(*STRETCHES[:1], *STRETCHES[2:])
    before = home.facts()
    drop_old_samples(home.con, 0, START + timedelta(hours=3))
    for path in home.settings.telemetry_archive.rglob("*.parquet"):
        path.unlink()
    home.load(STRETCHES[1])
    assert home.facts() == before
    assert "those hours stay" in caplog.text


@pytest.mark.parametrize("content", [b"", b"PAR1 and then nothing"])
def test_what_cannot_be_read_stays_and_is_named(home: Home, content: bytes) -> None:
    """It holds up nothing else, and is tried again."""
    bad = home.spool / "20260101T000000000000Z-bad-000001.parquet"
    bad.write_bytes(content)
    loaded = home.load(SCRAPES)
    assert (loaded.segments, [path for path, _ in loaded.unreadable]) == (1, [str(bad)])
    assert home.rows(
        "select segment_id, sha256 <> '' from raw.telemetry_segments where outcome = 'unreadable'"
    ) == [(bad.name, True)]
    good = home.close([scrape(20, 150)])
    good.replace(bad)
    assert home.load().unreadable == []
    assert home.growth() == 50
    recorded = f"select outcome, reason from raw.telemetry_segments where segment_id = '{bad.name}'"
    assert home.rows(recorded) == [("loaded", None)]


def test_a_segment_that_vanishes_is_no_fault(home: Home) -> None:
    """The collector drops the oldest ones when its spool is full."""
    home.close(SCRAPES)
    (home.spool / "20260101T000000000000Z-gone-000001.parquet").symlink_to(home.spool / "nowhere")
    loaded = home.load()
    assert (loaded.segments, loaded.unreadable) == (1, [])


TWO_SERVERS = """
[[target]]
name = "ours"
url = "http://a:1"
engine = "tokentide"
model_map = { tiny = "lab/tiny" }
[[target]]
name = "theirs"
url = "http://b:1"
engine = "vllm"
model_map = { big = "lab/big" }
"""


def request(number: int, model: str = "tiny") -> UsageEvent:
    return UsageEvent(
        f"request-{number}",
        model,
        START,
        START,
        START + timedelta(seconds=1),
        7,
        0,
        5,
        0,
        0,
        "finished",
        "stop",
        "cpu",
    )


def log_requests(home: Home, *events: UsageEvent) -> None:
    spool = UsageLog(home.settings.request_spool)
    for event in events:
        spool.add(event)
    spool.write()


@pytest.mark.parametrize(
    ("given", "model", "target"),
    [
        (parse_tier(TWO_SERVERS), "tiny", "ours"),
        (parse_tier(TWO_SERVERS), "big", "local"),
        (parse_tier(TWO_SERVERS.replace('model_map = { tiny = "lab/tiny" }', "")), "tiny", "ours"),
        (
            parse_tier(TWO_SERVERS.replace("vllm", "tokentide").replace("big", "tiny")),
            "tiny",
            "local",
        ),
        (None, "tiny", "local"),
    ],
    ids=["of the tier file", "another engine", "names no model", "two serve it", "no tier file"],
)
def test_a_request_belongs_to_the_server_that_can_have_answered_it(
    home: Home, given: Tier | None, model: str, target: str
) -> None:
    """Where the tier file does not say which one, it is local."""
    log_requests(home, request(1, model))
    assert home.load(tier=given).requests == 1
    assert home.rows("select target, model, completion_tokens from raw.request_events") == [
        (target, model, 5)
    ]


def test_a_request_counts_once(home: Home) -> None:
    """Also where its event comes in two segments."""
    log_requests(home, request(1), request(2))
    home.load()
    log_requests(home, request(2), request(3))
    home.load()
    assert home.rows("select request_id from raw.request_events order by all") == [
        (f"request-{number}",) for number in (1, 2, 3)
    ]
    assert [
        path.suffix for path in home.settings.telemetry_archive.rglob("*") if path.is_file()
    ] == [".arrow", ".arrow"]


def test_the_tier_file_is_recorded_without_its_headers(home: Home) -> None:
    """The newest replaces the one before; nothing of a secret goes with it."""
    home.load(tier=tier())
    home.load(
        tier=parse_tier(
            TWO_SERVERS.replace(
                "[[target]]", '[[target]]\nheaders = { Authorization = "VARIABLE" }', 1
            )
        )
    )
    query = "select section, name, entry ->> '$.engine', entry ->> '$.scrape_seconds' from raw.tier_file order by all"
    assert home.rows(query) == [
        ("target", "ours", "tokentide", "5.0"),
        ("target", "theirs", "vllm", "5.0"),
    ]
    assert home.rows(
        "select count(*) from raw.tier_file where entry::varchar like '%VARIABLE%'"
    ) == [(0,)]
