"""What every form of the rankings has in common: a board of models by tokens, one a day (or week), over a window of days."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from pipelines.errors import BadAnswer

# A board holds the top 50 and, last, what is left of the platform's traffic as one row.
OTHER = "other"
EVERYTHING = "all"
# A little more than the longest window that can be asked for.
LONGEST = timedelta(days=400)

COLUMNS = {"date": pl.String, "model_permaslug": pl.String, "total_tokens": pl.String}


@dataclass(frozen=True)
class RankingsTable:
    """One answer's boards as they came: nothing in `rows` is checked yet, all of it is text.

    `slice` says which traffic is counted: `all`, or a filter such as `modality=text`. Boards of different slices have each their own
    top 50 and their own `other`, so they are kept apart for good.
    """

    rows: pl.DataFrame
    start: date
    end: date
    as_of: datetime
    slice: str = EVERYTHING
    grain: str = "day"
    origin: str = "data_api"
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Raise on a window that no answer has: each of its days would become a row."""
        if not timedelta(0) <= self.end - self.start <= LONGEST:
            raise BadAnswer(
                f"The answer says that it covers {self.start} to {self.end}; a window has a year at most."
            )
