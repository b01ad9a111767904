"""dbt's manifest of the project in warehouse/, parsed again whenever a file of it changed.

dbt/manifest-1a2b3c4d5e6f.json   named by a hash of the files that it was parsed from
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.errors import BuildFailed
from pipelines.files import write_durably
from pipelines.settings import Settings
from pipelines.transform.dbt import PROJECT, run_dbt

SUFFIXES = frozenset({".sql", ".yml", ".csv", ".md"})


def project_files() -> Iterator[Path]:
    """Yield the files that decide, beside the data, what a build gives.

    Not what dbt itself writes to `target/`.
    """
    for path in sorted(PROJECT.rglob("*")):
        if path.suffix in SUFFIXES and path.relative_to(PROJECT).parts[0] != "target":
            yield path


def read_manifest(settings: Settings) -> dict[str, Any]:
    """Return the manifest of the project as it is now."""
    folder = settings.home / "dbt"
    path = folder / f"manifest-{_fingerprint()}.json"
    if not path.exists():
        body = _parse(settings, folder)
        for old in folder.glob("manifest-*.json"):
            old.unlink(missing_ok=True)
        write_durably(path, body)
    return _with_tests_attached(json.loads(path.read_bytes()))


def dagster_target(settings: Settings) -> Path:
    """Return the folder of what dbt writes in Dagster's builds; the command has another one."""
    return settings.home / "dbt" / "dagster"


def _fingerprint() -> str:
    """Return twelve digits that change with any file of the project and with dbt's version."""
    parts = [version("dbt-core")]
    parts += [f"{path} {sha256(path.read_bytes()).hexdigest()}" for path in project_files()]
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


def _parse(settings: Settings, folder: Path) -> bytes:
    folder.mkdir(parents=True, exist_ok=True)
    # In another folder: a build may be using the usual one at this moment.
    with TemporaryDirectory(dir=folder) as temporary:
        target = Path(temporary)
        done = run_dbt(["parse"], settings.warehouse, target, target)
        if done.exit_code:
            raise BuildFailed("dbt cannot read its project:\n" + "\n".join(done.lines)[-6000:])
        # What dbt remembers of the parse saves the next build from doing it again.
        parsed = dagster_target(settings) / "partial_parse.msgpack"
        parsed.parent.mkdir(exist_ok=True)
        (target / parsed.name).replace(parsed)
        return (target / "manifest.json").read_bytes()


def _with_tests_attached(manifest: dict[str, Any]) -> dict[str, Any]:
    """Attach a test of several tables to the first of them.

    Dagster-dbt would leave it out for want of a hint.
    """
    nodes = manifest["nodes"]
    for node in nodes.values():
        parents = node.get("depends_on", {}).get("nodes", [])
        tables = [nodes[name] for name in parents if name in nodes]
        if node["resource_type"] == "test" and not node.get("attached_node") and tables:
            meta = node["config"].setdefault("meta", {})
            meta.setdefault("dagster", {"ref": {"name": tables[0]["name"]}})
    return manifest
