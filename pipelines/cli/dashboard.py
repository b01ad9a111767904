"""The verb `dashboard`: serves the pages on what is published."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from pipelines.cli.console import stderr
from pipelines.errors import BadSetting, QueryFailed
from pipelines.settings import Settings, read_settings

if TYPE_CHECKING:
    from dashboards.generations import AppContext

PORT = 8050
THREADS = 8
# Of DuckDB for each generation that is open, of which there are two after each publishing; enough for the questions that are asked at once
# (docs/decisions/0017). A person's SQL has its own in another process.
MEMORY = "96MB"
SHORTEST = 12


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command()(dashboard)


def dashboard(
    host: Annotated[
        str,
        typer.Option(
            help="The address to listen on. Any but loopback demands TOKENTIDE_DASHBOARD_SECRET."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")
    ] = PORT,
    dagster: Annotated[
        str | None, typer.Option(help="The address of Dagster's page, to link to.")
    ] = "http://127.0.0.1:3000",
) -> None:
    """Serve the dashboard on what is published, until Ctrl-C. A new generation appears by itself.

    Examples:

        tokentide dashboard

        TOKENTIDE_DASHBOARD_SECRET=… tokentide dashboard --host 0.0.0.0 --port 8443
    """
    settings = read_settings()
    with serving(settings, host, port, dagster) as (url, server):
        stderr.print(f"The dashboard is at {url} until you press Ctrl-C.", soft_wrap=True)
        server.run()


@contextmanager
def serving(
    settings: Settings, host: str, port: int, dagster: str | None
) -> "Iterator[tuple[str, DashboardServer]]":
    """The dashboard on an open port, ready to run. Raises BadSetting where the address cannot be had or would be open to all."""
    # The frames of a page are small: handing them to other threads takes longer than the work. Polars reads this when it is first imported.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")

    from waitress import create_server

    from dashboards.app import build

    secret = secret_for(settings, host)
    try:
        server: DashboardServer = create_server(
            build(sources_of(settings, dagster), secret).server,
            host=host,
            port=port,
            threads=THREADS,
            ident=None,
        )
    except OSError as error:
        raise BadSetting(
            f"{host}:{port} cannot be had ({error.strerror}). Is another dashboard there? Try --port {port + 1}."
        ) from error
    # It would say of each slow answer that it waits in a queue.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    name = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{name}:{server.effective_port}", server
    finally:
        server.close()


def secret_for(settings: Settings, host: str) -> str | None:
    """What viewers must know: nothing on loopback unless something is set; elsewhere it must be set, and be no short word."""
    from dashboards.security import is_loopback

    secret = settings.dashboard_secret
    if secret is None and not is_loopback(host):
        raise BadSetting(
            f"{host} can be reached by others, so the dashboard needs a password or token there: set TOKENTIDE_DASHBOARD_SECRET, "
            f"for example to what `openssl rand -hex 16` prints. Without TLS in front it can be overheard."
        )
    if secret is not None and len(secret) < SHORTEST:
        raise BadSetting(
            f"TOKENTIDE_DASHBOARD_SECRET is shorter than {SHORTEST} characters, which can be guessed."
        )
    return secret


def sources_of(settings: Settings, dagster: str | None = None) -> "AppContext":
    """What the pages may see of this home."""
    from dashboards.generations import AppContext
    from pipelines.publish import query
    from pipelines.publish.generations import NEWEST
    from pipelines.telemetry import live
    from warehouse.connection import open_published

    recent = live.reader(settings.telemetry_spool, settings.telemetry_archive / "scrapes")
    return AppContext(
        published=settings.published / NEWEST,
        open_published=partial(open_published, memory=MEMORY),
        run_sql=query.frame,
        sql_errors=(QueryFailed,),
        live=recent,
        dagster_url=dagster,
    )


class DashboardServer(Protocol):
    """What waitress makes."""

    effective_port: int

    def run(self) -> None:
        """Serve until closed."""

    def close(self) -> None:
        """Stop."""
