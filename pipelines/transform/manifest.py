"""The project in warehouse/ as dbt compiled it, compiled again whenever a file of it changed.

~/.cache/tokentide/1a2b3c4d5e6f.json         named by a hash of the files that it was compiled from
~/.cache/tokentide/1a2b3c4d5e6f-as-of.json   the same for what was known at an instant

Nothing of a home plays a part, so all homes of a person share it.
"""

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from platformdirs import user_cache_path

from pipelines.errors import BuildFailed
from pipelines.files import write_durably
from pipelines.locks import file_lock
from pipelines.transform.dbt_process import PROJECT, run_dbt

DbtManifest = dict[str, Any]
"""dbt's manifest.json; `nodes` have the compiled SQL."""

SUFFIXES = frozenset({".sql", ".yml", ".csv", ".md"})
# The macro `as_of` then reads the instant from a variable of the connection.
AS_OF = ("--vars", json.dumps({"as_of": "variable"}))
MAX_KEPT = 8


def project_files(project: Path = PROJECT) -> Iterator[Path]:
    """Yield the files that decide, beside the data, what a build gives.

    Not what dbt itself writes to `target/`.
    """
    for path in sorted(project.rglob("*")):
        if path.suffix in SUFFIXES and path.relative_to(project).parts[0] != "target":
            yield path


def read_manifest(home: Path, *, is_as_of: bool = False, project: Path = PROJECT) -> DbtManifest:
    """Return the manifest of the project as it is now, compiled where it changed.

    Raise BuildFailed where dbt cannot compile it.
    """
    folder = _cache(home)
    path = folder / f"{_fingerprint(project)}{'-as-of' if is_as_of else ''}.json"
    if not path.exists():
        with file_lock(folder / "compiling.lock"):
            # Another process may have compiled it while this one waited.
            if not path.exists():
                write_durably(path, _compile(project, folder, AS_OF if is_as_of else ()))
                _tidy(folder)
    path.touch()
    return _with_tests_attached(json.loads(path.read_bytes()))


def _cache(home: Path) -> Path:
    """Return a person's folder of caches, or where that cannot be written one of the home."""
    usual = user_cache_path("tokentide")
    try:
        usual.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return home / "dbt"
    return usual if os.access(usual, os.W_OK) else home / "dbt"


def _fingerprint(project: Path) -> str:
    """Return twelve digits that change with any file of the project and with dbt's version.

    Where the project lies plays no part, so that all installations of one version share it.
    """
    parts = [version("dbt-core"), version("dbt-duckdb")]
    parts += [
        f"{path.relative_to(project)} {sha256(path.read_bytes()).hexdigest()}"
        for path in project_files(project)
    ]
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


def _compile(project: Path, folder: Path, variables: tuple[str, ...]) -> bytes:
    with TemporaryDirectory(dir=folder) as temporary:
        target = Path(temporary)
        done = run_dbt(["compile", *variables], target / "warehouse.duckdb", target, project)
        if done.exit_code:
            raise BuildFailed("dbt cannot read its project:\n" + "\n".join(done.lines)[-6000:])
        return (target / "manifest.json").read_bytes()


def _tidy(folder: Path) -> None:
    """Remove the least recently used manifests."""
    paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    for old in paths[:-MAX_KEPT]:
        old.unlink(missing_ok=True)


def _with_tests_attached(manifest: DbtManifest) -> DbtManifest:
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
