"""A recorded page of Arena's leaderboard, in the columns of its data set."""

from datetime import datetime
from typing import Any

from pipelines.simulator.errors import JsonObject


def read_leaderboard(page: dict[str, Any]) -> list[JsonObject]:
    """Return the rows of the page, dated by the day on which it was last updated."""
    updated = datetime.strptime(page["meta"]["last_updated"], "%b %d, %Y").date()
    return [_row(model, updated.isoformat()) for model in page["models"]]


def _row(model: dict[str, Any], day: str) -> JsonObject:
    return {
        "model_name": model["model"],
        "organization": model["vendor"],
        "license": model["license"],
        "rating": float(model["score"]),
        "rating_lower": float(model["score"] - model["ci"]),
        "rating_upper": float(model["score"] + model["ci"]),
        "vote_count": model["votes"],
        "rank": model["rank"],
        "category": "overall",
        "leaderboard_publish_date": day,
    }
