"""The circumstances of a run: machine, versions, commit, load."""

import contextlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "tokentide",
    "duckdb",
    "polars",
    "pyarrow",
    "dbt-core",
    "dbt-duckdb",
    "dash",
    "dagster",
    "dlt",
    "dagster-duckdb-polars",
    "torch",
    "transformers",
)
# Files that the runner writes; they do not make a run one of other code.
MADE = (
    "benchmarks/results",
    "benchmarks/README.md",
    "README.md",
    "warehouse/seeds/benchmark_results.csv",
)


def machine() -> dict[str, str]:
    """Return processor, number of cores that may be used, and memory."""
    cpus = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [
        line.partition(":")[2].strip()
        for line in cpus.splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 30} GiB",
    }


def machine_text() -> str:
    """Return the machine in words, without its name."""
    found = machine()
    return f"{found['cores']} cores of {found['processor']}, {found['memory']}"


def versions() -> dict[str, str]:
    """Return the versions of Python and of each package above that is installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def commit_of(root: Path) -> tuple[str | None, str | None]:
    """Return the commit of a checkout, or None with the reason why there is none to name."""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        left_out = [f":(exclude){path}" for path in MADE]
        changed = _git(root, "status", "--porcelain", "--", ".", *left_out)
    except (OSError, subprocess.CalledProcessError):
        return None, "no checkout of git"
    if changed:
        return None, f"{commit[:12]} with changes that were not committed"
    return commit, None


def _git(root: Path, *words: str) -> str:
    command = ["/usr/bin/env", "git", "-C", str(root), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def load_average() -> float:
    """Return the load average of the last minute."""
    return round(os.getloadavg()[0], 2)
