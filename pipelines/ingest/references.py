"""Lists of others about labs and models, end to end: request, load, build, audit, publish."""

from contextlib import closing
from dataclasses import dataclass

from pipelines.alerts.checking import publish_and_alert
from pipelines.ingest.market import RequestResults, Say, load_session, make_requests, new_run_id
from pipelines.publish.generations import Generation
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.client.upstream import epoch, region_list
from pipelines.sources.failure import Failure
from pipelines.sources.references.requests import atom_requests, epoch_requests
from pipelines.transform.build import BuildResult, build
from pipelines.transform.build import Progress as BuildProgress

# Each list has its host, and one that cannot be reached holds back no other.
LISTS = ((atom_requests, region_list), (epoch_requests, epoch))


@dataclass(frozen=True)
class ReferenceExtract:
    """Answers and failures of one run."""

    run_id: str
    answers: int
    failures: list[Failure]


@dataclass(frozen=True)
class ReferenceIngest:
    """One ingest of lists: the extract, the build of it, and the generation published."""

    extract: ReferenceExtract
    built: BuildResult
    generation: Generation


def extract_references(
    settings: Settings, say: Say = lambda what: None, retry_policy: RetryPolicy | None = None
) -> ReferenceExtract:
    """Request every list and load what is new of it; one that fails is listed."""
    run_id, answers = new_run_id(), 0
    failures: list[Failure] = []
    for requests, upstream in LISTS:
        results = RequestResults()
        with closing(SourceClient(settings, run_id, retry_policy, upstream(settings))) as client:
            try:
                make_requests(requests(client), say, results)
            finally:
                # Also on Ctrl-C: what was archived is loaded, here or by the next run.
                with load_session(client, settings, results.judge):
                    pass
        answers += results.answers
        failures += results.failures
    return ReferenceExtract(run_id, answers, failures)


def ingest_references(
    settings: Settings,
    *,
    say: Say = lambda what: None,
    progress: BuildProgress | None = None,
    retry_policy: RetryPolicy | None = None,
) -> ReferenceIngest:
    """Extract the lists, then build, audit and publish."""
    extract = extract_references(settings, say, retry_policy)
    return ReferenceIngest(extract, build(settings, progress=progress), publish_and_alert(settings))
