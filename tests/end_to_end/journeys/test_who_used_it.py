"""A gateway in front of our server: each log has its requests, and what both have is known."""

import signal
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.cli.command import Command
from support.collecting import free_port
from support.spend.litellm_log import MARKER, spend_row, write_lines
from support.tier import tiny_checkpoint

pytestmark = pytest.mark.slow

START_SECONDS = 120
HEADERS = {"X-Tokentide-Team": "search", "X-Tokentide-Key-Alias": "emma-laptop"}


def complete(command: Command, count: int) -> list[dict[str, Any]]:
    """Start a server, send it requests of emma with a marked prompt, and end it."""
    port, checkpoint = free_port(), tiny_checkpoint(command.home.parent / "tiny")
    url = f"http://127.0.0.1:{port}"
    with command.start(
        "serve", "--port", str(port), "--model", str(checkpoint), "--device", "cpu"
    ) as server:
        try:
            wait_for(url, server)
            body = {"model": "tiny", "prompt": MARKER, "max_tokens": 4, "user": "emma"}
            return [
                httpx.post(f"{url}/v1/completions", json=body, headers=HEADERS, timeout=60).json()
                for _ in range(count)
            ]
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=60)


def wait_for(url: str, server: "subprocess.Popen[str]") -> None:
    """Wait until the server is healthy."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health").is_success:
                return
        time.sleep(0.1)
    raise AssertionError("The server did not start in time.")


def passed_on(reply: dict[str, Any], at: datetime) -> dict[str, Any]:
    """Return the row that the gateway writes of a reply that it passed on."""
    usage = reply["usage"]
    return spend_row(
        0,
        request_id=reply["id"],
        startTime=(at - timedelta(minutes=2)).isoformat(),
        endTime=(at + timedelta(minutes=2)).isoformat(),
        prompt_tokens=usage["prompt_tokens"],
        completion_tokens=usage["completion_tokens"],
        end_user="emma",
    )


@pytest.mark.long
def test_a_gateway_and_our_server_count_a_request_each(tmp_path: Path) -> None:
    """Emma is the same in both logs, by her pseudonym; no prompt and no name is in the home."""
    command = Command(tmp_path / "home")
    at = datetime.now(UTC)
    replies = complete(command, 3)
    rows = [passed_on(reply, at) for reply in replies[:2]]
    log = write_lines(tmp_path / "spend.jsonl", *rows, spend_row(7, end_user="emma"))
    command("ingest", "spend", str(log))
    usage = command.rows(
        "select source, sum(requests)::bigint as requests, count(distinct caller) as callers, "
        "any_value(caller) as caller, any_value(team) as team from caller_usage_daily "
        "group by source order by source"
    )
    gateway, tier = usage
    assert (gateway["source"], gateway["requests"]) == ("gateway", 3)
    assert (tier["source"], tier["requests"]) == ("tier", 3)
    assert gateway["callers"] == tier["callers"] == 1
    assert gateway["caller"] == tier["caller"]
    assert gateway["team"] == tier["team"]
    [shared] = command.rows("select requests, total_tokens, caller from caller_shared_daily")
    tokens = sum(reply["usage"]["total_tokens"] for reply in replies[:2])
    assert (shared["requests"], shared["total_tokens"]) == (2, tokens)
    assert shared["caller"] == tier["caller"]
    files = (path for path in command.home.rglob("*") if path.is_file())
    content = b"".join(path.read_bytes() for path in files)
    for text in (MARKER, "emma-laptop", "emma@example.org", "88dc28d0"):
        assert text.encode() not in content
