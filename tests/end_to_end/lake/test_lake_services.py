"""The services of deploy/lake/compose.yaml as processes: from a server to a reader."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from starlette.requests import Request
from starlette.responses import Response
from support.deploy.files import DEPLOY, read_compose
from support.lake.services import LakeServices
from support.scripted_server import scripted_server

SERVICES = read_compose(DEPLOY / "lake" / "compose.yaml")["services"]
TOKENS_PER_SECOND = 1000
SECONDS = 600.0
SCRAPES = 6
# Parts that share a home.
HOMES = {"ship": "collect", "dashboard": "fetch"}
TOKENS = (
    "select sum(prompt_tokens)::bigint, sum(generation_tokens)::bigint "
    "from marts.served_tokens_minutely where target = 't'"
)


def page(request: Request) -> Response:
    """Respond with the page of a server that has served twice as many tokens as it has read."""
    tokens = int(time.monotonic() * TOKENS_PER_SECOND)
    return Response(
        'process_start_time_seconds 1e9\nvllm:prompt_tokens_total{model_name="m"} '
        f'{tokens}\nvllm:generation_tokens_total{{model_name="m"}} {2 * tokens}\n'
    )


def environment(name: str, folder: Path, given: dict[str, str]) -> dict[str, str]:
    """Return what the compose file gives to a service, with the addresses of this test."""
    home = folder / HOMES.get(name, name)
    home.mkdir(exist_ok=True)
    here = {"/var/lib/tokentide": str(home), "/etc/tokentide": str(folder), "/tmp": str(home)}
    found = {}
    for key, value in SERVICES[name]["environment"].items():
        path = next(filter(value.startswith, here), None)
        moved = value.replace(path, here[path], 1) if path else value
        found[key] = given.get(key, moved)
    inherited = ("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    return {**{key: os.environ[key] for key in inherited if key in os.environ}, **found}


@contextmanager
def started(name: str, folder: Path, given: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a service while the `with` lasts; SIGTERM ends it, as Docker would."""
    command = [sys.executable, "-m", "pipelines", *SERVICES[name]["command"][1:]]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment(name, folder, given), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def wait_for(text: str, name: str, folder: Path, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a service has printed a text; fail with what it printed if it ends before."""
    end = time.monotonic() + SECONDS
    while True:
        is_over = process.poll() is not None or time.monotonic() > end
        printed = (folder / f"{name}.log").read_text(errors="replace")
        if text in printed:
            return
        assert not is_over, printed
        time.sleep(0.2)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_tokens_reach_a_reader_through_the_services_of_the_compose_file(
    services: LakeServices, tmp_path: Path
) -> None:
    """Each part has its command, its settings and its home of there, and no other."""
    services.create_database("compose")
    given = services.variables("compose")
    with scripted_server(page) as server:
        (tmp_path / "tier.toml").write_text(
            f'[[target]]\nname = "t"\nurl = "{server.url}/metrics"\nengine = "vllm"\n'
            "scrape_seconds = 0.5\n"
        )
        with started("create", tmp_path, given) as create:
            assert create.wait(300) == 0
        with started("collect", tmp_path, given) as collect:
            wait_for("Collecting", "collect", tmp_path, collect)
            while len(server.received) < SCRAPES:
                time.sleep(0.2)
    for name, text in (
        ("ship", "1 segments are in"),
        ("loader", "1 segments,"),
        ("builder", "is published, uploaded"),
        ("fetch", "is here now"),
    ):
        with started(name, tmp_path, given) as service:
            wait_for(text, name, tmp_path, service)
    newest = tmp_path / "fetch" / "published" / "tokentide.duckdb"
    with duckdb.connect(str(newest), read_only=True) as con:
        [(prompt, generation)] = con.sql(TOKENS).fetchall()
    assert prompt > 0
    assert generation == 2 * prompt
