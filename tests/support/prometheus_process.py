"""A real Prometheus on loopback, with a configuration of the test."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from support.collecting import free_port
from support.rules.requirements import require_program


@contextmanager
def prometheus(
    folder: Path,
    scrape_configs: list[dict[str, Any]],
    **more: Any,
) -> Iterator[str]:
    """Run a Prometheus with these scrape configurations while the `with` lasts; yield its address.

    JSON is YAML, so that its configuration needs no other writer. One that writes to others is an
    agent: it stores nothing itself.
    """
    program = require_program("prometheus")
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"scrape_configs": scrape_configs, **more}))
    is_agent = "remote_write" in more
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            program,
            f"--config.file={config}",
            f"--web.listen-address={address}",
            *(["--enable-feature=agent"] if is_agent else []),
            f"--storage.{'agent' if is_agent else 'tsdb'}.path={folder / 'data'}",
            "--log.level=error",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


def wait_for_targets(url: str, number: int, seconds: float = 30) -> list[dict[str, Any]]:
    """Return the active targets of a Prometheus once it has this number of them."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            response = httpx.get(f"{url}/api/v1/targets", trust_env=False)
            found: list[dict[str, Any]] = response.json()["data"]["activeTargets"]
        except (httpx.TransportError, ValueError):
            found = []
        if len(found) >= number:
            return found
        time.sleep(0.1)
    raise AssertionError(f"The Prometheus has {len(found)} targets, not {number}.")
