"""The disk tier of a real server: a restart after SIGKILL finds what was computed."""

from pathlib import Path
from typing import Any

import pytest

from .conftest import RunningServer, Start, wait_until

PROMPT = "def read(name):\n    return open(name).read()\n" * 4
TIER = ("--disk-cache-gib", "0.01", "--host-cache-gib", "0.01", "--context-tokens", "256")


def complete(server: RunningServer) -> dict[str, Any]:
    """Complete the prompt greedily."""
    reply = server.post(prompt=PROMPT, max_tokens=5, temperature=0)
    body: dict[str, Any] = reply.raise_for_status().json()
    return body


@pytest.mark.slow
def test_a_killed_servers_prefixes_are_found_after_a_restart(start: Start, tmp_path: Path) -> None:
    """The usage of the reply and the metrics say so, and the tokens are the same."""
    options = ("--disk-cache", str(tmp_path / "blocks"), *TIER)
    with start(tmp_path / "home", *options) as server:
        first = complete(server)
        tokens = first["usage"]["prompt_tokens"]
        whole = (tokens - 1) // 16 * 16
        assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
        wait_until(lambda: len(list((tmp_path / "blocks").glob("*/*.kv"))) >= whole // 16)
        engine = server.engine_process()
        server.process.kill()
        wait_until(lambda: not Path(f"/proc/{engine}").exists())
    with start(tmp_path / "home", *options) as server:
        again = complete(server)
        assert again["choices"] == first["choices"]
        assert again["usage"]["prompt_tokens_details"]["cached_tokens"] == whole
        cached = "vllm:prompt_tokens_cached_by_source_total"
        assert server.sample(cached, source="disk") == whole
        assert server.sample("tokentide:prefix_cache_tier_hits_total", tier="disk") == whole
        assert server.sample("vllm:external_prefix_cache_hits_total") == whole
        assert server.sample("vllm:prefix_cache_hits_total") == 0
        assert server.terminate() == 0
    assert "Traceback" not in server.log.read_text()
