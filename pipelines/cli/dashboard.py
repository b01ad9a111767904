"""The verb `dashboard`: serve the pages of what is published."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import obey_ctrl_c, stderr
from pipelines.errors import BadClaim, BadSetting, BadTier, QueryFailed
from pipelines.settings import DEMO_TIER, Settings, read_settings

if TYPE_CHECKING:
    from dashboards.generations import AppContext, TierFile
    from dashboards.statements.actions import ClaimActions
    from dashboards.statements.comparison import SavedClaim
    from dashboards.web.server import DashboardServer

# Memory of DuckDB for each open generation, of which there are two once a new one is published.
# Half as much again as the largest query of a page needs, one at a time and on one thread
# (docs/decisions/0017, 0051). A viewer's own SQL runs in another process, with its own memory.
MEMORY, THREADS = "80MB", 1
MIN_SECRET_CHARACTERS = 12
PAST_DAY_SECONDS = 1800.0


def dashboard(
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. All but loopback require TOKENTIDE_DASHBOARD_SECRET."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8050,
    dagster: Annotated[
        str | None, typer.Option(help="Address of Dagster's web UI, to link to.")
    ] = "http://127.0.0.1:3000",
) -> None:
    """Serve the dashboard until Ctrl-C. It shows a new generation as soon as one is published.

    Programs read the same address: /data/index.json, /feed.atom, /prices/litellm.json, /metrics.

    Examples:

        tokentide dashboard

        TOKENTIDE_DASHBOARD_SECRET=… tokentide dashboard --host 0.0.0.0 --port 8443
    """
    obey_ctrl_c()
    settings = read_settings()
    with serving(settings, host, port, dagster) as (url, server):
        stderr.print(f"The dashboard is at {url} until you press Ctrl-C.", soft_wrap=True)
        server.run()


@contextmanager
def serving(
    settings: Settings, host: str, port: int, dagster: str | None
) -> "Iterator[tuple[str, DashboardServer]]":
    """Open the port, and yield the dashboard's address and its server, ready to run.

    Raise BadSetting where the port is taken, or where others could see the pages without a secret.
    """
    # Frames of a page are small: handing them to other threads takes longer than the work.
    # Polars reads this when it is first imported.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")

    from dashboards.app import build
    from dashboards.web.server import make_server

    secret = secret_for(settings, host)
    app = build(sources_of(settings, dagster), secret).server
    try:
        server = make_server(app, host, port)
    except OSError as error:
        raise BadSetting(
            f"Cannot listen on {host}:{port} ({error.strerror}). "
            f"Does another dashboard run there? Try --port {port + 1}."
        ) from error
    # It would warn of each slow response that a request waits in its queue.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    name = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{name}:{server.effective_port}", server
    finally:
        server.close()


def secret_for(settings: Settings, host: str) -> str | None:
    """Return the secret that viewers need, None where anybody on loopback may look.

    Raise BadSetting where the address requires a secret and none is set, or where it is too short.
    """
    from dashboards.web.access import is_loopback

    secret = settings.dashboard_secret
    if secret is None and not is_loopback(host):
        raise BadSetting(
            f"Others can reach {host}, so the dashboard needs a password or token there: "
            "set TOKENTIDE_DASHBOARD_SECRET, for example to what `openssl rand -hex 16` prints. "
            "Without TLS in front of it, others can read the secret on its way."
        )
    if secret is not None and len(secret) < MIN_SECRET_CHARACTERS:
        raise BadSetting(
            "TOKENTIDE_DASHBOARD_SECRET can be guessed: "
            f"it has fewer than {MIN_SECRET_CHARACTERS} characters."
        )
    return secret


def sources_of(settings: Settings, dagster: str | None = None) -> "AppContext":
    """Return all that the pages may read of this home."""
    from dashboards.generations import AppContext
    from pipelines.alerts.checking import budget_frame
    from pipelines.publish import query
    from pipelines.publish.generations import NEWEST
    from pipelines.telemetry import live
    from warehouse.connection import open_published

    return AppContext(
        published=settings.published / NEWEST,
        open_published=partial(open_published, memory=MEMORY, threads=THREADS),
        run_sql=query.frame,
        sql_errors=(QueryFailed,),
        live=live.reader(settings.telemetry_spool, settings.telemetry_archive / "scrapes"),
        budgets=partial(budget_frame, settings),
        dagster_url=dagster,
        frame_ancestors=settings.frame_ancestors,
        tier_file=tier_file_of(settings),
        claims=claim_actions(settings),
        make_past_day=partial(make_past_day, settings),
    )


def make_past_day(settings: Settings, day: date) -> Path:
    """Return the file of what was known at the end of a day, made in a process with its own memory.

    Raise ActionRefusedError with the reason where it cannot be made.
    """
    from dashboards.statements.actions import ActionRefusedError
    from pipelines.publish.as_of import newest_as_of

    instant = datetime.combine(day + timedelta(days=1), time(), UTC)
    command = [sys.executable, "-m", "pipelines", "sql", "--as-of", instant.isoformat(), "select 1"]
    environment = {**os.environ, "TOKENTIDE_HOME": str(settings.home), "COLUMNS": "1000"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PAST_DAY_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ActionRefusedError(
            f"It took longer than {PAST_DAY_SECONDS:g} s. Run `tokentide sql --as-of "
            f"{instant.isoformat()}` once; then it is there."
        ) from error
    path = newest_as_of(settings, instant)
    if done.returncode != 0 or path is None:
        lines = done.stderr.strip().splitlines() or ["The file of this day could not be made."]
        raise ActionRefusedError(lines[-1].removeprefix("Error: "))
    return path


def claim_actions(settings: Settings) -> "ClaimActions":
    """Return what the claims pages may do with the claims of this home."""
    from dashboards.statements.actions import ActionRefusedError, ClaimActions
    from pipelines.claims.saved_claims import read_claims, save_claim
    from pipelines.evidence.zipped import make_download

    def save(claim: "SavedClaim") -> None:
        try:
            save_claim(settings, claim)
        except BadClaim as error:
            raise ActionRefusedError(str(error)) from error

    return ClaimActions(
        read_saved=lambda: read_claims(settings).claims,
        save=save,
        make_evidence=partial(make_download, settings),
    )


def tier_file_of(settings: Settings) -> "TierFile":
    """Return what lets a viewer add a server. Those from elsewhere have logged in."""
    from dashboards.generations import FoundServer, TierFile
    from pipelines.telemetry.connecting.probe import probe_server
    from pipelines.telemetry.connecting.target_block import TargetDraft, add_target

    # The demonstration's file is not a person's: theirs takes its place.
    is_demo = settings.tier.name == DEMO_TIER
    path = Path("tier.toml").absolute() if is_demo else settings.tier
    followed = "A running collector follows the file by itself; `tokentide up` starts one."
    instead = "Start `tokentide up` again: your servers then take the place of the demonstration."
    return TierFile(
        path=path.name,
        probe=lambda url: FoundServer(**asdict(probe_server(url))),
        add=lambda keys: add_target(path, TargetDraft(**keys)),
        next_step=instead if is_demo else followed,
        errors=(BadSetting, BadTier),
    )
