"""Faults in measures of quality: rows that are lost, names that are blank, columns that changed."""

from collections.abc import Callable

from pipelines.simulator.errors import JsonObject

Rows = list[JsonObject]
SCORES = ("rating", "eci")
ORGANIZATIONS = ("organization", "Organization")


def lost_ratings(rows: Rows) -> Rows:
    """Leave out all but every fourth row, as a job that failed half way does."""
    return rows[::4]


def blank_organizations(rows: Rows) -> Rows:
    """Leave the organisation of every model blank."""
    return [{**row, **{name: "" for name in ORGANIZATIONS if name in row}} for row in rows]


def renamed_score(rows: Rows) -> Rows:
    """Give the column of scores another name."""
    return [
        {("points" if name in SCORES else name): value for name, value in row.items()}
        for row in rows
    ]


def missing_intervals(rows: Rows) -> Rows:
    """Leave the intervals out, as an index does for the models that anchor its scale."""
    ends = {"rating_lower": None, "rating_upper": None, "eci_ci_low": "", "eci_ci_high": ""}
    return [{**row, **{name: end for name, end in ends.items() if name in row}} for row in rows]


QUALITY_FAULTS: dict[str, Callable[[Rows], Rows]] = {
    "lost_ratings": lost_ratings,
    "blank_organizations": blank_organizations,
    "renamed_score": renamed_score,
    "missing_intervals": missing_intervals,
}
