"""Peak memory and time of each verb that ends by itself, on one home, each in a separate process.

Memory is the largest resident set of the verb's process or of one that it waited for, as the kernel
has it. The home is changed by verbs that build and publish, so give it a copy. Nothing is asked of
others: the market is where nobody answers, and verbs that ingest it are left out.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

stdout = Console(highlight=False)
TOKENTIDE = (sys.executable, "-m", "pipelines")
UNREACHABLE = "http://127.0.0.1:9/api/v1"
MAX_MB = 2000.0
# They end with 1 for what they found, such as an archive that a simulated home does not have.
FINDERS = ("doctor", "verify")
QUESTION = "select target, sum(generation_tokens) from served_tokens_hourly group by all"
# In this order: what only reads, what builds, what writes elsewhere. `{out}` is an empty folder.
VERBS: tuple[tuple[str, ...], ...] = (
    ("status",),
    ("doctor",),
    ("describe", "market_days"),
    ("sql", QUESTION),
    ("claims",),
    ("report", "-o", "{out}/report.html"),
    ("tier",),
    ("curate",),
    ("build",),
    ("publish",),
    ("ingest", "telemetry"),
    ("verify",),
    ("backup", "{out}/backup"),
)


def main(
    home: Annotated[Path, typer.Option(help="A home, as large_home.py makes it.", exists=True)],
    only: Annotated[
        list[str] | None, typer.Option(help="Only verbs that begin with this word; repeatable.")
    ] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Run each verb and print its peak memory; exit code 1 if one failed or needed too much.

    Examples:

        python benchmarks/limits/verbs.py --home large-home

        python benchmarks/limits/verbs.py --home large-home --only build --only publish
    """
    with TemporaryDirectory(prefix="tokentide-limits-") as out:
        found = [measure(home, words, Path(out)) for words in VERBS if not only or words[0] in only]
    show(found)
    if json_to:
        size = (home / "warehouse.duckdb").stat().st_size
        setting = f"a home with a warehouse of {size / 1e6:,.0f} MB"
        json_to.write_text(json.dumps({"home": setting, "most_mb": MAX_MB, "verbs": found}))
    raise typer.Exit(int(any(row["failed"] or row["peak_mb"] > MAX_MB for row in found)))


def measure(home: Path, words: tuple[str, ...], out: Path) -> dict[str, Any]:
    """Return seconds, peak megabytes and exit code of a verb."""
    verb = [word.format(out=out) for word in words]
    environment = {
        **os.environ,
        "TOKENTIDE_HOME": str(home),
        "TOKENTIDE_OPENROUTER_URL": UNREACHABLE,
    }
    began = time.monotonic()
    process = subprocess.Popen(
        [*TOKENTIDE, *verb],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    said = process.stderr.read().decode() if process.stderr else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return {
        "verb": " ".join(words[:2]) if words[0] == "ingest" else words[0],
        "seconds": round(time.monotonic() - began, 1),
        # The kernel counts in kibibytes.
        "peak_mb": round(used.ru_maxrss * 1024 / 1e6),
        "code": process.returncode,
        "failed": process.returncode not in ((0, 1) if words[0] in FINDERS else (0,)),
        "said": said.strip().rpartition("\n")[2] if process.returncode else "",
    }


def show(found: list[dict[str, Any]]) -> None:
    """Print a row for each verb."""
    table = Table("verb", "seconds", "peak MB", "exit code", "")
    for row in found:
        table.add_row(*(str(row[name]) for name in ("verb", "seconds", "peak_mb", "code", "said")))
    stdout.print(table)


if __name__ == "__main__":
    typer.run(main)
