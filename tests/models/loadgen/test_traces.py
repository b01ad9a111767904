"""Traces: each public form is read, in the order of its times, or refused whole."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.loadgen.arrivals import Arrival
from models.loadgen.traces import BadTrace, read_trace

BURSTGPT = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
START = datetime(2023, 11, 16, 18, 17, 3, 979960, UTC)
ROWS = st.lists(
    st.tuples(st.integers(0, 10_000_000), st.integers(1, 9000), st.integers(1, 2000)),
    min_size=1,
    max_size=30,
)


def write_trace(path: Path, rows: list[tuple[int, int, int]]) -> Path:
    """Write a trace whose rows arrive this many microseconds after its start."""
    stamped = [(START + timedelta(microseconds=at), prompt, output) for at, prompt, output in rows]
    lines = [f"{at:%Y-%m-%d %H:%M:%S.%f}0,{prompt},{output}\r\n" for at, prompt, output in stamped]
    path.write_text(HEADER + "".join(lines), newline="")
    return path


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
        (b"", "no trace that is known"),
        (b"TIMESTAMP,ContextTokens\n2024-05-10,1\n", "columns TIMESTAMP, ContextTokens"),
        (HEADER.encode() + b"yesterday,1,1\n", "line 2 is not a request"),
        (HEADER.encode() + b"2024-05-10,1\n", "line 2 is not a request"),
        (HEADER.encode() + b"2024-05-10,1,0\n", "line 2 is not a request"),
        (HEADER.encode() + b"2024-05-10,99999999999,1\n", "line 2 is not a request"),
        (b'{"timestamp": 0, "input_length": 1}\n', "line 1 is not a request"),
        (b'{"timestamp": 1e999, "input_length": 1, "output_length": 1}', "inf is no instant"),
        (b"{}\n[" + b"[" * 100_000, "line 1 is not a request"),
        (BURSTGPT.encode() + b"soon,GPT-4,1,1,2,API log\n", "line 2 is not a request"),
        (b"\xff\xfe\x00", "is not a whole text file"),
        (
            gzip.compress(HEADER.encode() + b"2024-05-10,1,1\n" * 1000)[:-20],
            "is not a whole text file",
        ),
        (gzip.compress(b"x" * 1000)[:14] + b"\xff" * 40, "is not a whole text file"),
    ],
    ids=[
        "no row",
        "empty",
        "a column less",
        "no time",
        "a short row",
        "no output",
        "too many tokens",
        "an object without output",
        "no instant",
        "too deep",
        "no seconds",
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


def test_a_trace_of_burstgpt_is_read_without_what_failed(tmp_path: Path) -> None:
    """Its releases have failed requests with 0 tokens, and later ones have more columns."""
    path = tmp_path / "BurstGPT_1.csv"
    rows = "45.5,GPT-4,1087,230,1317,API log\n5,ChatGPT,472,18,490,Conversation log\n"
    path.write_text(BURSTGPT + rows + "60,GPT-4,0,0,0,API log\n61,GPT-4,9,0,9,API log\n")
    assert read_trace(path) == [Arrival(0.0, 472, 18), Arrival(40.5, 1087, 230)]


def test_a_trace_of_mooncake_is_read(tmp_path: Path) -> None:
    """A JSON object a line, in milliseconds."""
    path = tmp_path / "toolagent_trace.jsonl.gz"
    lines = [
        '{"timestamp": 27000, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]}',
        "",
        '{"timestamp": 30052.5, "input_length": 2290, "output_length": 3, "hash_ids": [0]}',
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert read_trace(path) == [Arrival(0.0, 6758, 500), Arrival(3.0525, 2290, 3)]


def test_the_azure_trace(recordings: Path) -> None:
    """The public trace of an hour of code completion is read whole."""
    arrivals = read_trace(recordings / "traces" / "azure_llm_2023_code.csv.gz")
    assert len(arrivals) == 8819
    assert arrivals[:2] == [Arrival(0.0, 4808, 10), Arrival(0.052, 3180, 8)]
    assert arrivals[-1].at_s == pytest.approx(3435.948056)
    assert max(each.prompt_tokens for each in arrivals) == 7437
    assert max(each.output_tokens for each in arrivals) == 1899
