"""Each segment is loaded once, in any order, whatever a crash or a copy left behind.

An unreadable one stays and is named.
"""

import itertools
import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from support.loading import fresh_warehouse
from support.telemetry_facts import START, STRETCHES, TelemetryHome, read_facts, scrape

from models.server.usage_log import UsageEvent, UsageLog
from pipelines.loading.telemetry.segments import load_segments
from pipelines.telemetry.config.tier import Tier, parse_tier

SCRAPES = [scrape(0, 100), scrape(10, 130)]


def archived(home: TelemetryHome) -> list[str]:
    return sorted(path.name for path in home.settings.telemetry_archive.rglob("*.parquet"))


def waiting(home: TelemetryHome) -> list[str]:
    return [segment.name for segment in home.folders.list_waiting()]


def test_a_segment_is_loaded_once_and_kept(home: TelemetryHome) -> None:
    """It is moved into the archive, from which another warehouse gets the same facts."""
    path = home.close(SCRAPES)
    assert home.load().segments == 1
    assert (waiting(home), archived(home)) == ([], [path.name])
    assert home.load().segments == 0
    assert home.growth() == 30
    with closing(fresh_warehouse()) as again:
        assert load_segments(again, home.folders).segments == 1
        assert read_facts(again) == home.facts()


def test_a_crash_before_the_move_loads_nothing_twice(home: TelemetryHome) -> None:
    """The next run finds the segment recorded, and only moves it."""
    path = home.close(SCRAPES)
    shutil.copy(path, home.settings.home / "left")
    home.load()
    shutil.move(home.settings.home / "left", path)
    assert home.load().samples == 0
    assert (waiting(home), home.growth()) == ([], 30)


def test_the_same_bytes_under_another_name_change_nothing(home: TelemetryHome) -> None:
    """They are recorded as a repetition."""
    path = home.close(SCRAPES)
    shutil.copy(path, path.with_name("20260101T000000000000Z-copy-000001.parquet"))
    assert (home.load().repeated, home.growth()) == (1, 30)
    outcomes = "select outcome, count(*) from raw.telemetry_segments group by all order by all"
    assert home.rows(outcomes) == [("loaded", 1), ("repeated", 1)]
    assert waiting(home) == []


def test_other_bytes_under_a_known_name_are_another_segment(home: TelemetryHome) -> None:
    """They are kept under another name, so nothing in the archive is overwritten."""
    path = home.close(SCRAPES)
    home.load()
    home.close([scrape(20, 150)]).rename(path)
    assert home.load().segments == 1
    assert home.growth() == 50
    [first, second] = archived(home)
    assert {path.name} < {first, second}


def test_of_two_values_at_one_instant_the_greater_counts(tmp_path: Path) -> None:
    """The order of loading does not matter."""
    segments = [[scrape(0, 100), scrape(10, 130)], [scrape(10, 131)], [scrape(10, 120)]]
    growths = []
    for number, order in enumerate(itertools.permutations(segments)):
        home = TelemetryHome(tmp_path / str(number))
        with closing(home.con):
            for scrapes in order:
                home.load(scrapes)
            growths.append(home.growth())
    assert growths == [31] * 6


ORDERS = [order for order in itertools.permutations(range(4)) if 0 in (order[0], order[3])]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
def test_the_order_of_loading_does_not_matter(tmp_path: Path, order: tuple[int, ...]) -> None:
    """A late segment takes its part of the growth from the hour that had all of it."""
    once, late = TelemetryHome(tmp_path / "once"), TelemetryHome(tmp_path / "late")
    with closing(once.con), closing(late.con):
        once.load(*STRETCHES)
        for index in order:
            late.load(STRETCHES[index])
        assert late.facts() == once.facts()
        assert late.growth() == 300


@pytest.mark.parametrize("content", [b"", b"PAR1 and then nothing"])
def test_an_unreadable_segment_stays_and_is_named(home: TelemetryHome, content: bytes) -> None:
    """It stops no other one, and the next load tries it again."""
    bad = home.spool / "20260101T000000000000Z-bad-000001.parquet"
    bad.write_bytes(content)
    loaded = home.load(SCRAPES)
    assert (loaded.segments, [path for path, _ in loaded.unreadable]) == (1, [str(bad)])
    recorded = "select segment_id, sha256 <> '' from raw.telemetry_segments"
    assert home.rows(f"{recorded} where outcome = 'unreadable'") == [(bad.name, True)]
    good = home.close([scrape(20, 150)])
    good.replace(bad)
    assert home.load().unreadable == []
    assert home.growth() == 50
    recorded = f"select outcome, reason from raw.telemetry_segments where segment_id = '{bad.name}'"
    assert home.rows(recorded) == [("loaded", None)]


def test_a_segment_that_vanishes_is_no_error(home: TelemetryHome) -> None:
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


def log_requests(home: TelemetryHome, *events: UsageEvent) -> None:
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
def test_a_request_belongs_to_the_server_that_can_have_served_it(
    home: TelemetryHome, given: Tier | None, model: str, target: str
) -> None:
    """It is local if the tier file does not decide between servers."""
    log_requests(home, request(1, model))
    assert home.load(tier=given).requests == 1
    assert home.rows("select target, model, completion_tokens from raw.request_events") == [
        (target, model, 5)
    ]


def test_a_request_counts_once(home: TelemetryHome) -> None:
    """Its event may be in two segments."""
    log_requests(home, request(1), request(2))
    home.load()
    log_requests(home, request(2), request(3))
    home.load()
    assert home.rows("select request_id from raw.request_events order by all") == [
        (f"request-{number}",) for number in (1, 2, 3)
    ]
    kept = [path for path in home.settings.telemetry_archive.rglob("*") if path.is_file()]
    assert [path.suffix for path in kept] == [".arrow", ".arrow"]


def test_each_segment_is_reported_when_its_turn_comes(home: TelemetryHome) -> None:
    """Progress shows the name, whatever becomes of the segment."""
    bad = home.spool / "20260101T000000000000Z-bad-000001.parquet"
    bad.write_bytes(b"")
    good = home.close(SCRAPES)
    reported: list[str] = []
    load_segments(home.con, home.folders, on_segment=reported.append)
    assert reported == [bad.name, good.name]
