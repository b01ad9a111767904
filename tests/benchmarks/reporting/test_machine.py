"""The circumstances of a run are those of this machine and checkout."""

import subprocess
from pathlib import Path

from benchmarks.reporting.machine import commit_of, load_average, machine, machine_text, versions


def git(folder: Path, *words: str) -> str:
    names = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    command = ["git", "-C", str(folder), *names, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_commit_is_named_only_if_it_is_what_was_measured(tmp_path: Path) -> None:
    """Files that the runner writes may differ."""
    assert commit_of(tmp_path) == (None, "no checkout of git")
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert commit_of(tmp_path) == (head, None)
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    (tmp_path / "benchmarks" / "results" / "news.json").write_text("{}")
    assert commit_of(tmp_path) == (head, None)
    (tmp_path / "code.py").write_text("2")
    assert commit_of(tmp_path) == (None, f"{head[:12]} with changes that were not committed")


def test_machine_and_versions_are_known() -> None:
    assert machine().keys() == {"processor", "cores", "memory"}
    assert machine_text().endswith("GiB")
    assert {"python", "duckdb", "polars"} <= versions().keys()
    assert load_average() >= 0
