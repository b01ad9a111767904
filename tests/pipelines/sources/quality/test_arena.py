"""Arena's leaderboards: columns as documented, other files refused, odd values null."""

import io
from typing import Any

import polars as pl
import pytest
from support.source_payloads import archived_answer

from pipelines.archive import Answer
from pipelines.errors import BadAnswer
from pipelines.sources.parsing import ParsedTables, complete_rows
from pipelines.sources.quality.arena import LATEST, TABLE

ROW = {
    "model_name": "glm-5",
    "organization": "Z.ai",
    "license": "MIT",
    "rating": 1456.2,
    "rating_lower": 1450.1,
    "rating_upper": 1462.3,
    "variance": 9.6,
    "vote_count": 11101,
    "rank": 20,
    "category": "overall",
    "leaderboard_publish_date": "2026-03-26",
}


def answer(leaderboard: str = "text") -> Answer:
    return archived_answer(context={"leaderboard": leaderboard})


def parquet(*rows: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(list(rows)).write_parquet(file)
    return file.getvalue()


def parse(*rows: dict[str, Any], leaderboard: str = "text") -> ParsedTables:
    parsed: ParsedTables = LATEST.parse(
        answer(leaderboard), LATEST.decode(answer(), parquet(*rows))
    )
    return parsed


def test_a_row_is_a_rating_with_its_interval() -> None:
    """The leaderboard is that of the request, the day that of publication."""
    [row] = parse(ROW).frames[TABLE].to_dicts()
    assert row.pop("published_date").isoformat() == "2026-03-26"
    assert row == {
        "leaderboard": "text",
        "is_history": False,
        **{
            name: ROW[name]
            for name in ROW
            if name not in ("variance", "rank", "leaderboard_publish_date")
        },
    }


def test_categories_that_say_nothing_of_use_are_left_out() -> None:
    """They are cuts by language or length, and five of six rows of the file."""
    names = ("overall", "coding", "polish", "longer_query")
    rows = parse(*({**ROW, "category": name} for name in names)).frames[TABLE]
    assert set(rows["category"]) == {"overall", "coding"}


def test_a_day_may_be_a_date_an_instant_or_text() -> None:
    """A file that was written by another program has other types."""
    for column in (
        pl.lit("2026-03-26 10:00:00"),
        pl.lit("2026-03-26").str.to_date(),
        pl.lit("2026-03-26").str.to_datetime("%Y-%m-%d"),
    ):
        file = io.BytesIO()
        pl.DataFrame([ROW]).with_columns(leaderboard_publish_date=column).write_parquet(file)
        rows = LATEST.parse(answer(), LATEST.decode(answer(), file.getvalue())).frames[TABLE]
        assert [f"{day}" for day in rows["published_date"]] == ["2026-03-26"]


def test_what_is_no_rating_is_quarantined() -> None:
    """Not a number, and a row without its model or its day."""
    rows = (
        ROW,
        {**ROW, "rating": float("nan")},
        {**ROW, "model_name": None},
        {**ROW, "leaderboard_publish_date": "soon"},
    )
    parsed = parse(*rows)
    assert parsed.frames[TABLE].height == 4
    assert complete_rows(parsed, TABLE).height == 1


def test_columns_may_be_missing_or_new() -> None:
    """A rating without an interval has none; a new column is noted."""
    short = {name: ROW[name] for name in ROW if not name.startswith("rating_")}
    parsed = parse({**short, "hours": 2})
    [row] = parsed.frames[TABLE].to_dicts()
    assert (row["rating_lower"], row["rating_upper"]) == (None, None)
    assert parsed.notes == ["unknown key 'hours' in leaderboards"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>moved</html>", "no Parquet file"),
        (parquet(ROW)[:200], "no Parquet file"),
        (parquet({"points": 1}), "no column 'model_name'"),
    ],
)
def test_another_file_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        LATEST.decode(answer(), body)


def test_a_leaderboard_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(BadAnswer, match="vision"):
        parse(ROW, leaderboard="vision")
