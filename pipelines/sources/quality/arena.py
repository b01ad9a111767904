"""Arena's leaderboards: ratings of models from votes of people, with 95 % intervals (CC BY 4.0).

A data set on the Hub with two Parquet files a leaderboard: `latest`, the newest publication, and
`full`, all since 2023. A publication is a version by itself, dated by the day on which it came out.
`text` rates answers as they are, `text_style_control` takes the effect of their length and form
out, which is what Arena's page shows.
"""

import io
from functools import partial

import polars as pl

from pipelines.archive import Answer
from pipelines.errors import BadAnswer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import ParsedTables
from pipelines.sources.source import Source

FOLDER = "/datasets/lmarena-ai/leaderboard-dataset/resolve/main"
LEADERBOARDS = ("text", "text_style_control")
# Of about thirty those that say something of a model's use; others are cuts by language or length.
CATEGORIES = (
    "overall",
    "coding",
    "math",
    "hard_prompts",
    "instruction_following",
    "creative_writing",
)
# The whole history has a few million rows; a file of many more is not one of theirs.
MAX_ROWS = 50_000_000
TABLE = "raw.arena_ratings"
TYPES = {
    "model_name": pl.String,
    "organization": pl.String,
    "license": pl.String,
    "rating": pl.Float64,
    "rating_lower": pl.Float64,
    "rating_upper": pl.Float64,
    "vote_count": pl.Int64,
    "category": pl.String,
    "leaderboard_publish_date": pl.String,
}
KEYS = frozenset({*TYPES, "variance", "rank"})
NEEDED = ("model_name", "rating", "category", "leaderboard_publish_date")


def fetch(client: SourceClient, leaderboard: str, *, is_whole: bool) -> Answer:
    """Request a leaderboard: its newest publication, or all of them."""
    source, name = (FULL, "full") if is_whole else (LATEST, "latest")
    return client.ask(
        source,
        f"{FOLDER}/{leaderboard}/{name}-00000-of-00001.parquet",
        budget=client.budget,
        context={"leaderboard": leaderboard},
    )


def decode(answer: Answer, body: bytes) -> pl.DataFrame:
    """Decode the rows of the categories that are kept; raise BadAnswer where it is no such file."""
    try:
        rows = pl.scan_parquet(io.BytesIO(body))
        names = rows.collect_schema().names()
        if missing := [name for name in NEEDED if name not in names]:
            raise BadAnswer(f"The leaderboard has no column {missing[0]!r}; it has {names[:12]}.")
        if rows.select(pl.len()).collect().item() > MAX_ROWS:
            raise BadAnswer(f"The leaderboard has more than {MAX_ROWS} rows.")
        kept = rows.filter(pl.col("category").cast(pl.String).is_in(CATEGORIES))
        return kept.collect()
    except pl.exceptions.PolarsError as error:
        raise BadAnswer(f"The leaderboard is no Parquet file ({error}).") from error


def parse(answer: Answer, rows: pl.DataFrame, *, is_whole: bool) -> ParsedTables:
    """Rows of raw.arena_ratings, one a publication, category and model."""
    leaderboard = answer.context.get("leaderboard")
    if leaderboard not in LEADERBOARDS:
        raise BadAnswer(f"The answer is of the leaderboard {leaderboard!r}, which is none of ours.")
    notes = [f"unknown key {name!r} in leaderboards" for name in rows.columns if name not in KEYS]
    absent = [pl.lit(None, dtype=TYPES[name]).alias(name) for name in TYPES if name not in rows]
    typed = rows.with_columns(absent).select(_typed(name) for name in TYPES)
    ratings = typed.rename({"leaderboard_publish_date": "published_date"}).select(
        pl.lit(leaderboard).alias("leaderboard"),
        pl.lit(is_whole).alias("is_history"),
        pl.all().exclude("published_date"),
        pl.col("published_date").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False),
    )
    required = ("model_name", "rating", "category", "published_date")
    return ParsedTables({TABLE: ratings}, {TABLE: required}, notes)


def _typed(name: str) -> pl.Expr:
    column = pl.col(name).cast(TYPES[name], strict=False)
    if TYPES[name] == pl.Float64:
        # Not a number is no rating.
        return pl.when(column.is_finite()).then(column).alias(name)
    return column


LATEST, FULL = (
    Source(
        name,
        partial(parse, is_whole=is_whole),
        tables=("arena_ratings",),
        assets=("raw_arena",),
        decode=decode,
        min_share=0.5,
        figures=("rating",),
    )
    for name, is_whole in (("arena_latest", False), ("arena_full", True))
)
