"""Secrets of the environment, in no output, log, archive or file of the home."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from support.cli.command import Command
from support.collecting import PAGE
from support.rules.source_files import ROOT
from support.scripted_server import scripted_server
from zstandard import ZstdDecompressor, ZstdError

from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.settings import Settings
from pipelines.supervision.product import make_environment

MARKS = {
    "OPENROUTER_API_KEY": "sk-or-v1-marked-5f1d2c7a",
    "TOKENTIDE_DASHBOARD_SECRET": "marked correct horse 93b1",
    "TOKENTIDE_API_KEY": "sk-tier-marked-77aa01",
    "OURS_AUTHORIZATION": "Bearer sk-ours-marked-c0ffee",
}
WORDS = ("marked-5f1d2c7a", "horse 93b1", "marked-77aa01", "marked-c0ffee")
TIER = """
[[target]]
name = "ours"
url = "{url}"
engine = "vllm"
devices = 1
device_kind = "cpu"
headers = {{ Authorization = "OURS_AUTHORIZATION" }}
"""
IN_ADDRESS = "marked-in-address-e1"
QUERY = "select target, model_name from served_tokens_minutely"
DAGSTER_JOB = ("-m", "dagster", "job", "execute", "-m", "pipelines.definitions", "-j")
HEADER = ("--header", "Authorization=OURS_AUTHORIZATION")
VERBS = (
    ("doctor",),
    ("status",),
    ("status", "--json"),
    ("ingest", "market"),
    ("collect", "--check"),
    ("sql", "select getenv('OPENROUTER_API_KEY')"),
    ("dashboard", "--port", "99999"),
    ("tier", "add", "{url}", *HEADER),
    ("tier", "add", "{url}", "--header", "Authorization=sk-ours-marked-c0ffee"),
    ("ingest", "telemetry", "--history", "{url}", "--target", "ours", *HEADER),
)


def page_or_echo(request: Request) -> Response:
    """Serve a page of metrics to who sends the token, and repeat it to all others."""
    is_known = request.query_params.get("token") == IN_ADDRESS
    return Response(PAGE) if is_known else echo(request)


def echo(request: Request) -> Response:
    """Repeat all that was sent, in the body and in headers, as a careless server does."""
    sent = request.headers.get("authorization", "")
    mark = {"ETag": f'"{sent}"', "X-Request": sent, "Retry-After": "1"}
    return JSONResponse({"data": [sent], "error": {"message": sent, "code": 401}}, 401, mark)


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield each file as it lies there, and unpacked where it is packed."""
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            yield path, raw
            try:
                yield path, ZstdDecompressor().decompress(raw, max_output_size=1 << 24)
            except ZstdError:
                continue


@pytest.mark.slow
def test_no_secret_is_in_any_output_or_file(tmp_path: Path) -> None:
    """A server that repeats the key, and verbs that fail in many ways."""
    tier = tmp_path / "tier.toml"
    with scripted_server(echo) as server:
        address = server.url.removesuffix("/api/v1")
        tier.write_text(TIER.format(url=f"{address}/metrics"))
        named = {"TOKENTIDE_OPENROUTER_URL": server.url, "TOKENTIDE_TIER": str(tier)}
        command = Command(tmp_path / "home", **MARKS, **named)
        for verb in VERBS:
            words = [word.format(url=address) for word in verb]
            done = command.run(*words)
            # What a person typed may be in the message of the parser, never a value of a variable.
            shown = done.stdout + done.stderr
            assert "Traceback" not in shown, shown
            assert not [word for word in WORDS if word in shown], (verb, shown)
        keys = {each.headers.get("authorization") for each in server.received}
    assert {f"Bearer {MARKS['OPENROUTER_API_KEY']}", MARKS["OURS_AUTHORIZATION"]} <= keys
    found = [path for path, raw in contents(tmp_path) for word in WORDS if word.encode() in raw]
    assert not found


@pytest.mark.slow
@pytest.mark.long
def test_no_secret_is_in_archive_bundle_or_storage_of_dagster(tmp_path: Path) -> None:
    """A token in an address too, after scrapes, a build, a bundle, and a run of Dagster."""
    tier = tmp_path / "settings" / "tier.toml"
    tier.parent.mkdir()
    with scripted_server(page_or_echo) as server:
        address = server.url.removesuffix("/api/v1")
        tier.write_text(TIER.format(url=f"{address}/metrics?token={IN_ADDRESS}"))
        named = {"TOKENTIDE_OPENROUTER_URL": server.url, "TOKENTIDE_TIER": str(tier)}
        settings = Settings(tmp_path / "home", tier=tier)
        environment = make_environment(settings)
        dagster = {"DAGSTER_HOME": environment["DAGSTER_HOME"]}
        command = Command(tmp_path / "home", **MARKS, **named, **dagster)
        collector = command.start("collect", "--port", "0", "--segment-seconds", "0.5")
        while len(SpoolFolders.of(settings).list_waiting()) < 3:
            assert collector.poll() is None
            time.sleep(0.1)
        collector.send_signal(signal.SIGINT)
        shown = collector.communicate()[0]
        shown += command("ingest", "telemetry")
        shown += command("status") + command("doctor")
        shown += command("evidence", QUERY, "-o", str(tmp_path / "bundle"))
        run = subprocess.run(
            [sys.executable, *DAGSTER_JOB, "freshness_hourly"],
            env=command.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        shown += run.stdout + run.stderr
    assert (tmp_path / "bundle" / "raw").exists()
    assert list((tmp_path / "home" / "dagster").rglob("*.db"))
    words = (*WORDS, IN_ADDRESS)
    assert not [word for word in words if word in shown], shown
    tier.unlink()
    found = [path for path, raw in contents(tmp_path) for word in words if word.encode() in raw]
    assert not found
