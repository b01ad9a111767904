"""Spend logs as segments: every format gives the same rows, and nothing but figures is copied."""

import csv
import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from support.spend.litellm_log import MARKER, START, Row, spend_row, write_lines

from models.server.access.callers import Pseudonyms, ShownNames
from pipelines.errors import BadSetting
from pipelines.telemetry.spend.spend_log import SCHEMA, SpendLogResult, read_spend_log

KEY = bytes(32)
NOW = START + timedelta(days=30)


class Segments:
    """Segments that a log became."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def read(self, path: Path, shown: ShownNames = "none", gateway: str = "g") -> SpendLogResult:
        """Read a log into segments."""
        pseudonyms = Pseudonyms(KEY, shown)
        return read_spend_log(path, gateway, pseudonyms, NOW, self.stored.__setitem__)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All rows, by segment."""
        tables = [pq.read_table(BytesIO(each)) for _, each in sorted(self.stored.items())]
        assert all(table.schema == SCHEMA for table in tables)
        return [row for table in tables for row in table.to_pylist()]


@pytest.fixture
def segments() -> Segments:
    """Return segments that are empty."""
    return Segments()


def test_a_row_has_figures_and_pseudonyms(segments: Segments, tmp_path: Path) -> None:
    """The name of the model is the one that callers use; the key has its alias."""
    result = segments.read(write_lines(tmp_path / "log.jsonl", spend_row(1)))
    pseudonyms = Pseudonyms(KEY)
    assert segments.rows == [
        {
            "gateway": "g",
            "line": None,
            "request_id": "chatcmpl-1",
            "call_type": "acompletion",
            "model": "large",
            "provider": "openai",
            "started_at": START,
            "first_token_at": START + timedelta(seconds=0.5),
            "ended_at": START + timedelta(seconds=2),
            "prompt_tokens": 100,
            "cached_tokens": 40,
            "completion_tokens": 20,
            "usd": 0.002,
            "is_cache_hit": False,
            "is_failure": False,
            "caller": pseudonyms.hide("caller", "emma@example.org"),
            "team": pseudonyms.hide("team", "search"),
            "key_alias": pseudonyms.hide("key", "emma-laptop"),
            "reason": None,
        }
    ]
    assert (result.requests, result.rejects) == (1, [])


def test_nothing_else_is_copied(segments: Segments, tmp_path: Path) -> None:
    """Neither prompts nor names, also where the proxy was set to store prompts."""
    segments.read(write_lines(tmp_path / "log.jsonl", spend_row(1), f"broken {MARKER} emma"))
    content = b"".join(segments.stored.values())
    for text in (MARKER, "emma", "search", "88dc28", "10.0.0.7"):
        assert text.encode() not in content


def _lines(path: Path, rows: list[Row]) -> Path:
    return write_lines(path.with_suffix(".jsonl"), *rows)


def _array(path: Path, rows: list[Row]) -> Path:
    path.with_suffix(".json").write_text(json.dumps(rows, indent=1))
    return path.with_suffix(".json")


def _zipped(path: Path, rows: list[Row]) -> Path:
    path = path.with_suffix(".json.gz")
    path.write_bytes(gzip.compress(json.dumps(rows).encode()))
    return path


def _texts(rows: list[Row]) -> list[Row]:
    """Give objects as text, as Postgres exports them."""
    return [
        {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in row.items()}
        for row in rows
    ]


def _csv(path: Path, rows: list[Row]) -> Path:
    path = path.with_suffix(".csv")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(_texts(rows))
    return path


def _parquet(path: Path, rows: list[Row]) -> Path:
    path = path.with_suffix(".parquet")
    instants = pl.col("startTime", "endTime", "completionStartTime").str.to_datetime(
        time_zone="UTC"
    )
    pl.DataFrame(_texts(rows)).with_columns(instants).write_parquet(path)
    return path


@pytest.mark.parametrize("write", [_array, _zipped, _csv, _parquet])
def test_every_format_gives_the_same_segments(
    segments: Segments, tmp_path: Path, write: Callable[[Path, list[Row]], Path]
) -> None:
    """To the byte."""
    rows = [spend_row(number, seconds=number / 8) for number in range(20)]
    segments.read(_lines(tmp_path / "log", rows))
    other = Segments()
    other.read(write(tmp_path / "log", rows))
    assert other.stored == segments.stored


def test_a_day_is_a_segment_whatever_follows_it(segments: Segments, tmp_path: Path) -> None:
    """An export from the beginning gives the segments of past days again, in any order of rows."""
    past = [spend_row(number, seconds=number) for number in range(9)]
    later = [spend_row(100 + number, seconds=86_400 + number) for number in range(3)]
    segments.read(write_lines(tmp_path / "a.jsonl", *past))
    first = dict(segments.stored)
    result = segments.read(write_lines(tmp_path / "b.jsonl", *later, *reversed(past)))
    assert len(first) == 1
    assert first.items() <= segments.stored.items()
    assert [name[:8] for name in sorted(result.segments)] == ["20260822", "20260823"]


BAD = {
    "not JSON": "{broken",
    "no JSON object": "[1]",
    "no request_id": spend_row(1, request_id=" "),
    "a request_id of more than 256 characters": spend_row(1, request_id="x" * 300),
    "no startTime that can be read": spend_row(1, startTime="yesterday"),
    "no endTime that can be read": spend_row(1, endTime=None),
    "it ends before it starts": spend_row(1, endTime="2026-08-22T06:00:00Z"),
    "it starts before 2020 or in the future": spend_row(
        1, startTime="2099-01-01", endTime="2099-01-02"
    ),
    "it takes more than seven days": spend_row(1, endTime="2026-09-22T06:00:00Z"),
    "no prompt_tokens that can be": spend_row(1, prompt_tokens=-1),
    "no completion_tokens that can be": spend_row(1, completion_tokens="many"),
    "no spend that can be": spend_row(1, spend=float("nan")),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_line_that_is_no_request_is_left_out(
    segments: Segments, tmp_path: Path, reason: str
) -> None:
    """With its number and the reason; the others count."""
    path = write_lines(tmp_path / "log.jsonl", spend_row(8), BAD[reason], spend_row(9))
    result = segments.read(path)
    assert result.rejects == [(2, reason)]
    assert result.requests == 2
    rejects = [(row["line"], row["reason"]) for row in segments.rows if row["reason"]]
    assert rejects == [(2, reason)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"end_user": "palantir"}, {"caller": "palantir"}),
        ({"user": "", "team_id": "t7", "metadata": {"user_api_key_team_alias": None}},
         {"caller": None, "team": "t7"}),
        ({"model_group": ""}, {"model": "openai/lab-large"}),
        ({"completionStartTime": "2026-08-22T07:00:02Z"}, {"first_token_at": None}),
        ({"cache_hit": "True", "spend": 0}, {"is_cache_hit": True, "usd": 0.0}),
        ({"status": "failure"}, {"is_failure": True}),
        ({"metadata": {"usage_object": None}}, {"cached_tokens": None}),
        ({"startTime": "2026-08-22 07:00:00.5"}, {"started_at": START + timedelta(seconds=0.5)}),
    ],
)  # fmt: skip
def test_what_a_row_may_say_otherwise(
    segments: Segments, tmp_path: Path, changes: Row, expected: Row
) -> None:
    """A user of the request before the owner of the key; what is not said is null."""
    segments.read(write_lines(tmp_path / "log.jsonl", spend_row(1, **changes)), "all")
    [row] = segments.rows
    assert {name: row[name] for name in expected} == expected


def test_a_key_without_alias_never_shows(segments: Segments, tmp_path: Path) -> None:
    """Its hash is a secret's; names may be asked for as one likes."""
    row = spend_row(1, metadata={"user_api_key_alias": None})
    segments.read(write_lines(tmp_path / "log.jsonl", row), "all")
    assert segments.rows[0]["key_alias"] == Pseudonyms(KEY).hide("key", row["api_key"])


@pytest.mark.parametrize(
    ("name", "content"), [("log.parquet", b"PAR1"), ("log.json", b"[{]"), ("log.csv", b"\xff\0")]
)
def test_a_file_that_is_no_log_is_an_error_that_quotes_nothing(
    segments: Segments, tmp_path: Path, name: str, content: bytes
) -> None:
    """Since it might quote a prompt."""
    (tmp_path / name).write_bytes(content + MARKER.encode())
    with pytest.raises(BadSetting, match="Export the table") as error:
        segments.read(tmp_path / name)
    assert MARKER not in str(error.value)


def test_a_gateway_has_a_plain_name(segments: Segments, tmp_path: Path) -> None:
    """It is part of file names."""
    with pytest.raises(BadSetting, match="no name of a gateway"):
        segments.read(write_lines(tmp_path / "log.jsonl", spend_row(1)), gateway="../x")
