"""Finding the file that a page shows: a generation, or the one of a past day of the address."""

from datetime import date

from dashboards.components.filters import parse_as_of
from dashboards.components.page import Page
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.statements.actions import ActionRefusedError


class PastPendingError(Exception):
    """The file of a past day is being made."""

    def __init__(self, day: date) -> None:
        super().__init__(f"What was known on {day} is being put together.")
        self.day = day


def find_generation(
    store: GenerationStore, page: Page, search: str, number: object = None
) -> OpenGeneration | None:
    """Return the file for an address: of its past day, else of the number, else the newest.

    Raise PastPendingError while a past day is being made, ActionRefusedError where it cannot be.
    """
    generation = store.numbered(number) or store.newest()
    if generation is None:
        return None
    day = parse_as_of(search, page.controls(generation))
    if day is None:
        return generation
    past = store.past_day(day)
    if past is None:
        raise PastPendingError(day)
    return past


def find_shown(
    store: GenerationStore, page: Page, search: str, number: int
) -> OpenGeneration | None:
    """Return the very file that a browser shows; None where it is no longer there."""
    if number:
        return store.numbered(number)
    try:
        return find_generation(store, page, search)
    except (PastPendingError, ActionRefusedError):
        return None
