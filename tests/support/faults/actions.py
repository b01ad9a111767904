"""Actions that are killed: each writes by the functions of the product and confirms what it wrote.

A confirmation is a promise: what was confirmed must be there after any kill, exactly once.
"""

import itertools
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.faults.permissions import obey_permissions
from support.loading import AS_OF, keep_answer, rankings_body
from support.telemetry_facts import TOKENS, scrape

from models.server.usage_log import UsageEvent, UsageLog
from pipelines.archive import Archive
from pipelines.backup.backup import back_up
from pipelines.backup.restore import restore
from pipelines.cli import main
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import load
from pipelines.publish.generations import publish as publish_generation
from pipelines.settings import Settings
from pipelines.sources.client.quota import Budget, RequestQuota
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.transform.build import build as build_warehouse

Confirm = Callable[[str], object]
BUDGET = Budget("data-api", per_minute=10**9, per_day=10**9)
ROWS = 40


def keep_answers(confirm: Confirm, home: str, first: str, number: str) -> None:
    """Keep answers in the archive, some of them rankings, and confirm each."""
    archive = Archive(Settings(Path(home)).archive)
    for each in range(int(first), int(first) + int(number)):
        at = AS_OF + timedelta(seconds=each)
        body = rankings_body(1 + each % 3, at) if each % 50 == 0 else f"{each}".encode()
        answer = keep_answer(archive, body, at, status=200 if each % 50 == 0 else 500)
        confirm(answer.answer_id)


def write_segments(confirm: Confirm, home: str, first: str, number: str) -> None:
    """Close segments of scrapes, and confirm each scrape once its segment is closed."""
    writer = SegmentWriter(Settings(Path(home)).telemetry_spool)
    for each in range(int(first), int(first) + int(number)):
        seconds = [each * ROWS + step for step in range(ROWS)]
        assert writer.write([scrape(at, {TOKENS: float(at)}) for at in seconds])
        for at in seconds:
            confirm(str(at))


def log_requests(confirm: Confirm, home: str, first: str, number: str) -> None:
    """Log requests as the inference server does, and confirm each as a client would."""
    log = UsageLog(Settings(Path(home)).request_spool, rows=64)
    for each in range(int(first), int(first) + int(number)):
        at = datetime(2026, 8, 22, tzinfo=UTC) + timedelta(seconds=each)
        name = f"request-{each}"
        log.add(UsageEvent(name, "m", at, at, at, 7, 0, 5, 0, 0, "finished", "stop", "cpu"))
        confirm(name)
        if each % 16 == 0:
            log.flush()


def spend(confirm: Confirm, home: str, first: str, number: str) -> None:
    """Spend requests of the quota, and confirm each."""
    quota = RequestQuota(Settings(Path(home)).requests)
    for each in range(int(first), int(first) + int(number)):
        assert quota.spend(BUDGET, now=time.time()) == 0
        confirm(str(each))


def load_answers(confirm: Confirm, home: str) -> None:
    """Load what the archive holds."""
    confirm(f"loaded {load_archive(Settings(Path(home)))}")


def load_segments(confirm: Confirm, home: str) -> None:
    """Load the segments that wait."""
    found = load(_settings(home))
    assert not found.unreadable, found.unreadable
    confirm(f"loaded {found.segments}")


def publish(confirm: Confirm, home: str) -> None:
    """Publish one generation after the other."""
    for _ in itertools.repeat(None, 5):
        confirm(str(publish_generation(Settings(Path(home))).number))


def build(confirm: Confirm, home: str) -> None:
    """Build and audit everything."""
    build_warehouse(_settings(home), is_whole=True)
    confirm("built")


def run_dagster_job(confirm: Confirm, home: str) -> None:
    """Run the job of telemetry by Dagster, in the instance of the home: load, build, publish."""
    # Takes seconds to import, and no other action needs it.
    from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

    from pipelines.definitions import define
    from pipelines.supervision.product import make_environment

    settings = _settings(home)
    make_environment(settings)
    job = define(settings).resolve_job_def("telemetry")
    with DagsterInstance.from_config(str(settings.dagster)) as instance:

        def confirm_start() -> None:
            while not instance.get_runs_count(RunsFilter(statuses=[DagsterRunStatus.STARTED])):
                time.sleep(0.05)
            confirm("started")

        threading.Thread(target=confirm_start, daemon=True).start()
        assert job.execute_in_process(instance=instance).success
    confirm("done")


def make_backup(confirm: Confirm, home: str, folder: str) -> None:
    """Back up the home."""
    confirm(back_up(Settings(Path(home)), Path(folder)).summary.name)


def restore_home(confirm: Confirm, home: str, folder: str) -> None:
    """Restore the newest backup into an empty home."""
    confirm(str(restore(Settings(Path(home)), Path(folder)).files))


def command(confirm: Confirm, home: str, output: str, *arguments: str) -> None:
    """Run `tokentide` as a person does: its output goes to a file, its exit code is confirmed."""
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for standard in (1, 2):
        os.dup2(handle, standard)
    os.chdir(home)
    os.environ.update(TOKENTIDE_HOME=home, COLUMNS="200")
    sys.argv = ["tokentide", *arguments]
    try:
        main()
    except SystemExit as ended:
        confirm(str(ended.code or 0))
    except BaseException:
        traceback.print_exc()
        confirm("traceback")
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def command_on_full_disk(confirm: Confirm, home: str, output: str, *arguments: str) -> None:
    """Run `tokentide` where a file takes a few thousand bytes and no more."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, resource.RLIM_INFINITY))
    command(confirm, home, output, *arguments)


def command_as_a_guest(confirm: Confirm, home: str, output: str, *arguments: str) -> None:
    """Run `tokentide` as somebody for whom the permissions of files count, as root's do not."""
    obey_permissions()
    command(confirm, home, output, *arguments)


def _settings(home: str) -> Settings:
    return Settings(Path(home), tier=Path(home) / "tier.toml")


ACTIONS = {
    action.__name__: action
    for action in (
        keep_answers,
        write_segments,
        log_requests,
        spend,
        load_answers,
        load_segments,
        publish,
        build,
        run_dagster_job,
        make_backup,
        restore_home,
        command,
        command_on_full_disk,
        command_as_a_guest,
    )
}
