"""Arrivals: repeatable for a seed, in order, at the requested speed."""

import gzip
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.loadgen.arrivals import (
    Arrival,
    BadTrace,
    cap_tokens,
    poisson_arrivals,
    read_trace,
    scale_speed,
)

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
START = datetime(2023, 11, 16, 18, 17, 3, 979960, UTC)
ROWS = st.lists(
    st.tuples(st.integers(0, 10_000_000), st.integers(1, 9000), st.integers(1, 2000)),
    min_size=1,
    max_size=30,
)
ARRIVALS = st.builds(Arrival, st.just(0.0), st.integers(1, 10_000), st.integers(1, 10_000))


def write_trace(path: Path, rows: list[tuple[int, int, int]]) -> Path:
    """Write a trace whose rows arrive this many microseconds after its start."""
    stamped = [(START + timedelta(microseconds=at), prompt, output) for at, prompt, output in rows]
    lines = [f"{at:%Y-%m-%d %H:%M:%S.%f}0,{prompt},{output}\r\n" for at, prompt, output in stamped]
    path.write_text(HEADER + "".join(lines), newline="")
    return path


@given(rate=st.floats(0.01, 1000), requests=st.integers(1, 200), seed=st.integers(0, 2**32))
def test_poisson_arrivals_are_ordered_and_repeatable(rate: float, requests: int, seed: int) -> None:
    """Equal seeds give equal moments, each later than the one before."""
    arrivals = poisson_arrivals(rate, requests, 128, 64, seed)
    assert arrivals == poisson_arrivals(rate, requests, 128, 64, seed)
    assert len(arrivals) == requests
    times = [each.at_s for each in arrivals]
    assert times == sorted(times)
    assert times[0] >= 0


def test_poisson_arrivals_have_the_mean_and_deviation_of_a_poisson_process() -> None:
    """Both are 1/rate. A metronome would have no deviation."""
    times = [each.at_s for each in poisson_arrivals(8.0, 20_000, 1, 1, seed=3)]
    gaps = [after - before for before, after in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(1 / 8, rel=0.03)
    assert deviation == pytest.approx(1 / 8, rel=0.03)


def test_another_seed_gives_other_moments() -> None:
    """A second load test is a second sample."""
    assert poisson_arrivals(5, 10, 1, 1, seed=0) != poisson_arrivals(5, 10, 1, 1, seed=1)


@given(rate=st.floats(0.1, 100), speed=st.floats(0.01, 100))
def test_speed_divides_every_moment_and_nothing_else(rate: float, speed: float) -> None:
    """Twice the speed is half the time. The requests stay the same."""
    arrivals = poisson_arrivals(rate, 20, 5, 6, seed=1)
    faster = scale_speed(arrivals, speed)
    assert [each.at_s for each in faster] == pytest.approx([each.at_s / speed for each in arrivals])
    assert {(each.prompt_tokens, each.output_tokens) for each in faster} == {(5, 6)}


@given(rows=ROWS)
def test_a_trace_is_replayed_in_the_order_of_its_times(
    rows: list[tuple[int, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Rows may be out of order. The first request arrives at 0 s; gaps are those of the rows."""
    arrivals = read_trace(write_trace(tmp_path_factory.mktemp("trace") / "trace.csv", rows))
    expected = sorted(rows, key=lambda row: row[0])
    assert [(each.prompt_tokens, each.output_tokens) for each in arrivals] == [
        row[1:] for row in expected
    ]
    assert [each.at_s for each in arrivals] == pytest.approx(
        [(row[0] - expected[0][0]) / 1e6 for row in expected]
    )


def test_a_gzipped_trace_is_the_same_trace(tmp_path: Path) -> None:
    """Its first bytes decide, not its name."""
    plain = write_trace(tmp_path / "trace.csv", [(0, 4808, 10), (52_000, 3180, 8)])
    packed = tmp_path / "packed.csv"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert (
        read_trace(packed) == read_trace(plain) == [Arrival(0.0, 4808, 10), Arrival(0.052, 3180, 8)]
    )


def test_times_with_and_without_a_zone_are_both_utc(tmp_path: Path) -> None:
    """The trace of 2024 has a zone, that of 2023 has none."""
    path = tmp_path / "trace.csv"
    path.write_text(HEADER + "2024-05-10 00:00:01,1,1\n2024-05-10 02:00:00.5+02:00,2,2\n")
    assert read_trace(path) == [Arrival(0.0, 2, 2), Arrival(0.5, 1, 1)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEADER.encode(), "contains no request"),
        (b"", "no column TIMESTAMP"),
        (b"TIMESTAMP,ContextTokens\n2024-05-10,1\n", "no column GeneratedTokens"),
        (HEADER.encode() + b"yesterday,1,1\n", "line 2 is not a request"),
        (HEADER.encode() + b"2024-05-10,1\n", "line 2 is not a request"),
        (HEADER.encode() + b"2024-05-10,1,0\n", "line 2 is not a request"),
        (HEADER.encode() + b"2024-05-10,99999999999,1\n", "line 2 is not a request"),
        (b"\xff\xfe\x00", "is not a whole CSV file"),
        (
            gzip.compress(HEADER.encode() + b"2024-05-10,1,1\n" * 1000)[:-20],
            "is not a whole CSV file",
        ),
        (gzip.compress(b"x" * 1000)[:14] + b"\xff" * 40, "is not a whole CSV file"),
    ],
    ids=[
        "no row",
        "empty",
        "a column less",
        "no time",
        "a short row",
        "no output",
        "too many tokens",
        "not text",
        "cut",
        "damaged",
    ],
)
def test_a_damaged_trace_is_refused_whole(tmp_path: Path, content: bytes, words: str) -> None:
    """The message names the file and the line. Nothing is skipped or guessed."""
    path = tmp_path / "trace.csv"
    path.write_bytes(content)
    with pytest.raises(BadTrace, match=words):
        read_trace(path)


def test_a_missing_trace_is_named(tmp_path: Path) -> None:
    """With the option that names it."""
    with pytest.raises(BadTrace, match=r"absent\.csv cannot be opened .*--trace"):
        read_trace(tmp_path / "absent.csv")


@given(arrival=ARRIVALS, limit=st.integers(2, 20_000))
def test_a_capped_request_fits_and_keeps_some_of_both(arrival: Arrival, limit: int) -> None:
    """Prompt and completion keep at least one token. A request that fits does not change."""
    fitting = cap_tokens(arrival, limit)
    assert fitting.prompt_tokens + fitting.output_tokens <= limit
    assert 1 <= fitting.prompt_tokens <= arrival.prompt_tokens
    assert 1 <= fitting.output_tokens <= arrival.output_tokens
    if arrival.prompt_tokens + arrival.output_tokens <= limit:
        assert fitting == arrival


@pytest.mark.parametrize(
    ("requested", "fitting"),
    [((4808, 10), (502, 10)), ((110, 1899), (110, 402)), ((4000, 2000), (256, 256))],
)
def test_the_prompt_is_shortened_before_the_completion(
    requested: tuple[int, int], fitting: tuple[int, int]
) -> None:
    """Down to half of the limit."""
    assert cap_tokens(Arrival(0.0, *requested), 512) == Arrival(0.0, *fitting)


def test_the_azure_trace(recordings: Path) -> None:
    """The public trace of an hour of code completion is read whole."""
    arrivals = read_trace(recordings / "traces" / "azure_llm_2023_code.csv.gz")
    assert len(arrivals) == 8819
    assert arrivals[:2] == [Arrival(0.0, 4808, 10), Arrival(0.052, 3180, 8)]
    assert arrivals[-1].at_s == pytest.approx(3435.948056)
    assert max(each.prompt_tokens for each in arrivals) == 7437
    assert max(each.output_tokens for each in arrivals) == 1899
