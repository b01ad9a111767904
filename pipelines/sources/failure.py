"""A request that failed, as data: it is listed at the end and never holds back another request."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Failure:
    """A request without a usable answer, and the days (first to last) that are missing for it."""

    what: str
    reason: str
    start: date | None = None
    end: date | None = None
    # The list of requests that it belongs to, by the asset of Dagster that makes them.
    asset: str | None = None
    # The source has nothing of this name, which is no fault.
    is_absent: bool = False
    # Every other request to the same host would fail in the same way.
    is_shared: bool = False
