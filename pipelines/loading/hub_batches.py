"""Loading of several answers of the Hub in one transaction, which is most of what they cost.

Pages of its list that are plain go together: whole, without a fault, none of them twice; and so do
repositories. Where one is not, the caller loads each by itself, which says what is wrong with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from pipelines.archive import Answer, Archive
from pipelines.errors import BadAnswer
from pipelines.loading.downloads import Frames, insert_pages, insert_repositories, is_plain
from pipelines.loading.outcome import LoadResult
from pipelines.loading.plausible import implausible
from pipelines.loading.recording import request_of
from pipelines.sources.huggingface import hub_models, repositories
from pipelines.sources.huggingface.hub_page import MODELS
from pipelines.sources.parsing import ParsedTables
from pipelines.sources.source import Source

# Of a day there are a few dozen; a decoded page takes a third of a megabyte.
MAX_PAGES = 32
SOURCES: dict[str, Source] = {
    source.name: source for source in (hub_models.SOURCE, repositories.SOURCE)
}
LOADED_BEFORE = (
    "select sha256, source, params, context from raw.answers"
    " where sha256 in (select unnest($digests::varchar[])) and outcome in ('loaded', 'partial')"
)


def batches(answers: Sequence[Answer]) -> Iterator[list[Answer]]:
    """Yield answers in their order: those of the Hub together, any other by itself."""
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
    """Load answers within the open transaction; raise BadAnswer where one of them is not plain."""
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
        results.append(LoadResult("loaded", page.frames[MODELS].height, notes=page.notes))
    if pages:
        is_list = answers[0].source == hub_models.SOURCE.name
        (insert_pages if is_list else insert_repositories)(con, pages)
    return results


def _goes_with(answer: Answer, batch: Sequence[Answer]) -> bool:
    """Tell whether a page may join a batch: what another of it adds is not seen before its end."""
    return (
        answer.source == batch[0].source
        and answer.source in SOURCES
        # A name that the Hub does not know is no fault of those beside it.
        and {answer.status, batch[0].status} == {200}
        and len(batch) < MAX_PAGES
        and all(answer.sha256 != other.sha256 for other in batch)
    )


def _plain_page(
    con: duckdb.DuckDBPyConnection, archive: Archive, answer: Answer, payloads: Mapping[str, Any]
) -> ParsedTables:
    if answer.error or answer.status != 200:
        raise BadAnswer(answer.error or f"status {answer.status}")
    source = SOURCES[answer.source]
    payload = payloads.get(answer.answer_id)
    if payload is None:
        payload = source.decode(answer, archive.read(answer.sha256))
    page: ParsedTables = source.parse(answer, payload)
    if reason := implausible(con, answer, source, page):
        raise BadAnswer(reason)
    if not is_plain(page):
        raise BadAnswer("A row of the page is incomplete or repeated.")
    return page
