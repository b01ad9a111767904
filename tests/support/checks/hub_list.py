"""A page of the Hub's list, written from the same plain list as the archives of prices."""

from datetime import datetime
from typing import Any


def encode_hub(payload: Any, at: datetime) -> Any:
    """Return a page; a price of the plain list stands for a count."""
    return [
        {
            "_id": row["id"],
            "id": row["id"],
            "downloads": 900,
            "downloadsAllTime": _count(row["prompt"]),
        }
        for row in payload["data"]
    ]


def _count(price: object) -> object:
    return round(float(price) * 10_000) if isinstance(price, str) else price
