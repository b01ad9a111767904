"""Downloads, end to end: request the Hub's list, load it, build, audit, publish."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipelines.alerts.checking import publish_and_alert
from pipelines.errors import TokentideError
from pipelines.ingest.market import RequestResults, Say, load_session, make_requests, new_run_id
from pipelines.publish.generations import Generation
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.client.upstream import hub
from pipelines.sources.failure import Failure
from pipelines.sources.huggingface import history
from pipelines.sources.huggingface.requests import download_requests
from pipelines.sources.openrouter.requests import SourceRequest
from pipelines.sql import read_sql
from pipelines.transform.build import BuildResult, build
from pipelines.transform.build import Progress as BuildProgress

CAPTURED = read_sql(__file__, "downloads_captured")


@dataclass(frozen=True)
class HistoryOptions:
    """Files of past counts to be loaded, and what a person says of them."""

    files: Sequence[str] = ()
    columns: str | None = None
    licence: str | None = None
    citation: str | None = None

    @property
    def context(self) -> dict[str, str]:
        """Context of the answer: columns, licence and citation."""
        return history.context_of(self.columns, self.licence, self.citation)

    def check(self) -> None:
        """Raise BadSetting where the columns are malformed, before anything is fetched."""
        history.context_of(self.columns, self.licence, self.citation)


@dataclass(frozen=True)
class DownloadExtract:
    """Answers and failures of one run, and what the captures hold by now."""

    run_id: str
    answers: int
    failures: list[Failure]
    models: int
    days: int
    history_rows: int


@dataclass(frozen=True)
class DownloadIngest:
    """One ingest of downloads: the extract, the build of it, and the generation published."""

    extract: DownloadExtract
    built: BuildResult
    generation: Generation


@dataclass
class HistoryResults:
    """Files of past counts that were kept, and those that could not be."""

    answers: int = 0
    failures: list[Failure] = field(default_factory=list)


def extract_downloads(
    settings: Settings,
    options: HistoryOptions | None = None,
    say: Say = lambda what: None,
    retry_policy: RetryPolicy | None = None,
) -> DownloadExtract:
    """Request the lists of models and load them; before that, the files of past counts."""
    results, run_id = RequestResults(), new_run_id()
    kept = _keep_history(settings, options or HistoryOptions(), run_id, say, retry_policy)
    with closing(SourceClient(settings, run_id, retry_policy, hub(settings))) as client:
        try:
            make_requests(download_requests(client), say, results)
        finally:
            # Also on Ctrl-C: what was archived is loaded, here or by the next run.
            with load_session(client, settings, results.judge) as con:
                [(models, days, rows)] = con.sql(CAPTURED).fetchall()
    failures = [*kept.failures, *results.failures]
    return DownloadExtract(run_id, results.answers + kept.answers, failures, models, days, rows)


def ingest_downloads(
    settings: Settings,
    options: HistoryOptions | None = None,
    *,
    say: Say = lambda what: None,
    progress: BuildProgress | None = None,
    retry_policy: RetryPolicy | None = None,
) -> DownloadIngest:
    """Extract downloads, then build, audit and publish."""
    extract = extract_downloads(settings, options, say, retry_policy)
    return DownloadIngest(extract, build(settings, progress=progress), publish_and_alert(settings))


def _keep_history(
    settings: Settings,
    options: HistoryOptions,
    run_id: str,
    say: Say,
    retry_policy: RetryPolicy | None,
) -> HistoryResults:
    results = HistoryResults()
    for name in options.files:
        say(f"history {name}")
        try:
            if upstream := history.upstream_of(name):
                with closing(SourceClient(settings, run_id, retry_policy, upstream)) as client:
                    ask = partial(history.fetch, client, name, options.context)
                    made = make_requests([SourceRequest(f"history {name}", ask)], say)
                results.failures += made.failures
                results.answers += made.answers
            else:
                history.keep_file(settings, Path(name), run_id, options.context)
                results.answers += 1
        except TokentideError as error:
            results.failures.append(Failure(f"history {name}", str(error)))
    return results
