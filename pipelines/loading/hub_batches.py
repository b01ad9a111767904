"""Loading of several pages of the Hub's list in one transaction, which is most of what they cost.

Pages that are plain go together: whole, without a fault, none of them twice. Where one is not, the
caller loads each by itself, which says what is wrong with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from pipelines.archive import Answer, Archive
from pipelines.errors import BadAnswer
from pipelines.loading.downloads import Frames, insert_pages, is_plain
from pipelines.loading.outcome import LoadResult
from pipelines.loading.plausible import implausible
from pipelines.loading.recording import request_of
from pipelines.sources.huggingface import hub_models
from pipelines.sources.huggingface.hub_page import COUNTS, HubPage

# Of a day there are a few dozen; a decoded page takes a third of a megabyte.
MAX_PAGES = 32
LOADED_BEFORE = (
    "select sha256, source, params, context from raw.answers"
    " where sha256 in (select unnest($digests::varchar[])) and outcome in ('loaded', 'partial')"
)


def batches(answers: Sequence[Answer]) -> Iterator[list[Answer]]:
    """Yield answers in their order: pages of the Hub's list together, any other by itself."""
    batch: list[Answer] = []
    for answer in answers:
        if batch and not _goes_with(answer, batch):
            yield batch
            batch = []
        batch.append(answer)
    if batch:
        yield batch


def load_hub_batch(
    con: duckdb.DuckDBPyConnection,
    archive: Archive,
    answers: Sequence[Answer],
    payloads: Mapping[str, Any],
) -> list[LoadResult]:
    """Load pages within the open transaction; raise BadAnswer where one of them is not plain."""
    digests = [answer.sha256 for answer in answers]
    before = con.execute(LOADED_BEFORE, {"digests": digests}).fetchall()
    loaded = {digest for digest, *_ in before}
    requests = {(digest, *request) for digest, *request in before}
    pages: list[tuple[Answer, Frames]] = []
    results: list[LoadResult] = []
    for answer in answers:
        if (answer.sha256, *request_of(answer)) in requests:
            results.append(LoadResult("unchanged"))
            continue
        page = _plain_page(con, archive, answer, payloads)
        # The same bytes to another request: its rows stand there.
        pages += [] if answer.sha256 in loaded else [(answer, page.frames)]
        results.append(LoadResult("loaded", page.frames[COUNTS].height, notes=page.notes))
    if pages:
        insert_pages(con, pages)
    return results


def _goes_with(answer: Answer, batch: Sequence[Answer]) -> bool:
    """Tell whether a page may join a batch: what another of it adds is not seen before its end."""
    return (
        answer.source == batch[0].source == hub_models.SOURCE.name
        and len(batch) < MAX_PAGES
        and all(answer.sha256 != other.sha256 for other in batch)
    )


def _plain_page(
    con: duckdb.DuckDBPyConnection, archive: Archive, answer: Answer, payloads: Mapping[str, Any]
) -> HubPage:
    if answer.error or answer.status != 200:
        raise BadAnswer(answer.error or f"status {answer.status}")
    source = hub_models.SOURCE
    payload = payloads.get(answer.answer_id)
    if payload is None:
        payload = source.decode(answer, archive.read(answer.sha256))
    page: HubPage = source.parse(answer, payload)
    if reason := implausible(con, answer, source, page):
        raise BadAnswer(reason)
    if not is_plain(page):
        raise BadAnswer("A row of the page is incomplete or repeated.")
    return page
