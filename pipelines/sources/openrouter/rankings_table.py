"""Rankings in any form: models by tokens, one list a day (or week), over a window of days."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from pipelines.errors import BadAnswer

# Rankings hold the top 50 and, last, the rest of the platform's traffic as one row.
OTHER = "other"
EVERYTHING = "all"
# A little more than the longest window that can be asked for.
MAX_WINDOW = timedelta(days=400)

COLUMNS = {"date": pl.String, "model_permaslug": pl.String, "total_tokens": pl.String}


@dataclass(frozen=True)
class RankingsTable:
    """One answer's rankings as they came: nothing in `rows` is checked yet, all of it is text.

    `slice` names the counted traffic: `all`, or a filter such as `modality=text`. Each slice has
    another top 50 and another `other`, so slices are kept apart for good.
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
        """Raise BadAnswer on a window longer than a year: each of its days would become a row."""
        if not timedelta(0) <= self.end - self.start <= MAX_WINDOW:
            raise BadAnswer(
                f"The answer says that it covers {self.start} to {self.end}; "
                "a window has a year at most."
            )
