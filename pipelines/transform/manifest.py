"""What dbt knows of the project in warehouse/: parsed when a file of it changed, otherwise read from where it was parsed to.

dbt/manifest-1a2b3c4d5e6f.json   named by the files that it was parsed from, so it is never older than they are
"""

import json
import os
import subprocess
import sys
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.archive import write_durably
from pipelines.errors import BuildFailed
from pipelines.settings import Settings
from pipelines.transform.dbt import PROJECT, dbt_environment

SUFFIXES = frozenset({".sql", ".yml", ".csv", ".md"})


def read_manifest(settings: Settings) -> dict[str, Any]:
    """The manifest of the project as it is now."""
    folder = settings.home / "dbt"
    path = folder / f"manifest-{_fingerprint()}.json"
    if not path.exists():
        body = _parse(settings, folder)
        for old in folder.glob("manifest-*.json"):
            old.unlink(missing_ok=True)
        write_durably(path, body)
    return _with_tests_attached(json.loads(path.read_bytes()))


def target_of(settings: Settings) -> Path:
    """Where Dagster's builds keep what dbt writes; the command has a folder of its own."""
    return settings.home / "dbt" / "dagster"


def _fingerprint() -> str:
    """Twelve digits that change with any file of the project, with where it lies, and with dbt."""
    files = sorted(
        path
        for path in PROJECT.rglob("*")
        if path.suffix in SUFFIXES and path.relative_to(PROJECT).parts[0] != "target"
    )
    parts = [
        version("dbt-core"),
        *(f"{path} {sha256(path.read_bytes()).hexdigest()}" for path in files),
    ]
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


def _parse(settings: Settings, folder: Path) -> bytes:
    folder.mkdir(parents=True, exist_ok=True)
    # In a folder of its own: a build may be using the usual one at this moment.
    with TemporaryDirectory(dir=folder) as target:
        command = [
            sys.executable, "-c", "from dbt.cli.main import cli; cli()", "parse", "--quiet", "--project-dir", os.fspath(PROJECT),
            "--profiles-dir", os.fspath(PROJECT), "--target-path", target, "--log-path", target,
        ]  # fmt: skip
        done = subprocess.run(
            command,
            env=dbt_environment(settings.warehouse),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BuildFailed(
                f"dbt cannot read its project:\n{done.stdout[-4000:]}{done.stderr[-2000:]}"
            )
        # What dbt remembers of the parse saves the next build from doing it again.
        parsed = target_of(settings) / "partial_parse.msgpack"
        parsed.parent.mkdir(exist_ok=True)
        (Path(target) / parsed.name).replace(parsed)
        return (Path(target) / "manifest.json").read_bytes()


def _with_tests_attached(manifest: dict[str, Any]) -> dict[str, Any]:
    """A test of several tables is a check of the first of them; dagster-dbt would leave it out for want of a hint."""
    nodes = manifest["nodes"]
    for node in nodes.values():
        tables = [
            nodes[name] for name in node.get("depends_on", {}).get("nodes", []) if name in nodes
        ]
        if node["resource_type"] == "test" and not node.get("attached_node") and tables:
            node["config"].setdefault("meta", {}).setdefault(
                "dagster", {"ref": {"name": tables[0]["name"]}}
            )
    return manifest
