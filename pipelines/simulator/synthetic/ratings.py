"""Ratings of the synthetic market's models: leaderboards by week, and an index that is refitted.

Both follow the table's quality, so the lead changes hands where a model of the other side that is
better appears.
"""

from datetime import date, datetime, timedelta

from pipelines.simulator.errors import JsonObject
from pipelines.simulator.synthetic.models import SyntheticModel, models
from pipelines.simulator.synthetic.numbers import noise, one_noise

FIRST_DAY = date(2025, 1, 6)
WEEK = timedelta(days=7)
CATEGORIES = ("overall", "coding")
# What the length and form of an answer add to its rating where they are not taken out.
FORM = {"text": 12.0, "text_style_control": 0.0}
COUNTRIES = {
    "US": "United States of America",
    "CN": "China",
    "EU": "France",
}


def leaderboard(seed: int, leaderboard: str, now: datetime, *, is_whole: bool) -> list[JsonObject]:
    """Return the newest publication of a leaderboard, or all of them, best models first."""
    weeks = (now.date() - FIRST_DAY) // WEEK
    newest = FIRST_DAY + weeks * WEEK
    days = [FIRST_DAY + n * WEEK for n in range(weeks + 1)] if is_whole else [newest]
    return [
        row
        for day in days
        for category in CATEGORIES
        for row in _publication(seed, leaderboard, category, day)
    ]


def index_scores(seed: int, now: datetime) -> list[JsonObject]:
    """Return the index as it was last fitted: one score a model, with its 90 % interval."""
    fitted = (now.date() - FIRST_DAY) // WEEK
    scored = [_score(seed, model, fitted) for model in _listed(now.date())]
    return sorted(scored, key=lambda row: -float(str(row["eci"])))


def _listed(day: date) -> list[SyntheticModel]:
    return [model for model in models().values() if model.is_text and model.launched <= day]


def _publication(seed: int, leaderboard: str, category: str, day: date) -> list[JsonObject]:
    rated = [_rating(seed, leaderboard, category, model, day) for model in _listed(day)]
    rated.sort(key=lambda row: -float(str(row["rating"])))
    return [{**row, "rank": number + 1} for number, row in enumerate(rated)]


def _rating(
    seed: int, leaderboard: str, category: str, model: SyntheticModel, day: date
) -> JsonObject:
    length, draw = noise(2, seed, "form", leaderboard, category, model.id)
    weeks = max((day - model.launched) // WEEK, 1)
    votes = 1500 * min(weeks, 20) + int(500 * draw)
    half = 600 / votes**0.5
    rating = 1000 + 6.5 * model.quality + FORM[leaderboard] * length + half * (draw - 0.5)
    return {
        "model_name": model.id.partition("/")[2],
        "organization": model.author.name,
        "license": "MIT" if model.is_open else "Proprietary",
        "rating": round(rating, 2),
        "rating_lower": round(rating - half, 2),
        "rating_upper": round(rating + half, 2),
        "variance": round((half / 1.96) ** 2, 3),
        "vote_count": votes,
        "category": category,
        "leaderboard_publish_date": day.isoformat(),
    }


def _score(seed: int, model: SyntheticModel, fitted: int) -> JsonObject:
    score = 90 + 0.8 * model.quality + one_noise(seed, "index", model.id, fitted)
    return {
        "Model": model.name,
        "Display name": model.name,
        "eci": f"{score:.4f}",
        "eci_ci_low": f"{score - 2.5:.4f}",
        "eci_ci_high": f"{score + 2.5:.4f}",
        "date": model.launched.isoformat(),
        "Organization": model.author.name,
        "Country (of organization)": COUNTRIES[model.author.bloc],
        "Model accessibility": "Open weights (unrestricted)" if model.is_open else "API access",
        "Accessibility group": "Open weights" if model.is_open else "Closed weights",
        "model_versions": "",
    }
