"""Runs of suites, one after the other: each writes its result file as soon as it ends."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .machine import commit_of, load_average, machine_text, versions
from .result_file import ROOT, BadResult, Load, Result, ResultRow, write_result
from .rows import ROWS
from .suites import BadSuite, Suite, script_of

SAMPLE_SECONDS = 5.0
MAX_ENDING_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """One suite after its turn."""

    suite: str
    written: Path | None
    reason: str | None
    """Why no file was written, or what else went wrong."""
    is_failure: bool


@dataclass(frozen=True)
class Runner:
    """Settings of a run: its inputs, and the folder of its results."""

    folder: Path
    """Where result files are written."""
    inputs: Mapping[str, str]
    """Local paths by the word that stands for them."""
    is_quick: bool = False
    scripts: Path = ROOT / "benchmarks"

    def run(self, suites: Sequence[Suite], say: Callable[[str], None] = print) -> Iterator[Outcome]:
        """Run suites in turn and yield what became of each.

        Raises KeyboardInterrupt once the suite under way has ended; files of those before stay.
        """
        # What is committed while suites run is not what the first of them ran.
        commit = commit_of(ROOT)
        for number, suite in enumerate(suites, start=1):
            try:
                words = suite.words(self.inputs, is_quick=self.is_quick)
            except BadSuite as error:
                yield Outcome(suite.name, None, f"left out: it {error}", is_failure=False)
                continue
            say(f"[{number}/{len(suites)}] {suite.name}: {suite.command(words)}")
            yield self._measure(suite, words, commit)

    def _measure(
        self, suite: Suite, words: Sequence[str], commit: tuple[str | None, str | None]
    ) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="tokentide-bench-") as folder:
            report = Path(folder, "report.json")
            began = datetime.now(UTC)
            code, load = self._run_script(suite, words, report)
            if not report.exists():
                reason = f"ended with {code} and measured nothing"
                return Outcome(suite.name, None, reason, is_failure=True)
            content = report.read_bytes()
        try:
            rows = tuple(ROWS[suite.name](json.loads(content)))
            path = self._write(suite, words, commit, began, load, rows)
        except (BadResult, ValueError, KeyError, TypeError) as error:
            # Hours of work: what the script wrote stays, also where nothing can be made of it.
            kept = self.folder / f"{suite.name}.unread"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(content)
            reason = f"is no result ({error!r}); what the script wrote is kept"
            return Outcome(suite.name, kept, reason, is_failure=True)
        # A script also fails where it missed what it must reach: that is a result.
        failed = f"ended with {code}, and what it measured is kept" if code else None
        return Outcome(suite.name, path, failed, is_failure=code != 0)

    def _write(
        self,
        suite: Suite,
        words: Sequence[str],
        commit: tuple[str | None, str | None],
        began: datetime,
        load: Load,
        rows: tuple[ResultRow, ...],
    ) -> Path:
        sha, unknown = commit
        result = Result(
            suite=suite.name,
            command=suite.command(words),
            measured_on=f"{began:%Y-%m-%d}",
            machine=machine_text(),
            commit=sha,
            versions=versions(),
            load=load,
            is_quick=self.is_quick,
            reasons={"commit": unknown} if unknown else {},
            rows=rows,
        )
        return write_result(self.folder, result)

    def _run_script(self, suite: Suite, words: Sequence[str], report: Path) -> tuple[int, Load]:
        """Run a script to its end; return its exit code and the load meanwhile."""
        script = str(script_of(suite, self.scripts))
        given = [self.inputs.get(word, word) for word in words]
        path = os.pathsep.join(
            [str(ROOT), str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")]
        ).rstrip(os.pathsep)
        loads = [load_average()]
        process = subprocess.Popen(
            # Last come options that take several words.
            [sys.executable, script, "--json", str(report), *given],
            env={**os.environ, "PYTHONPATH": path},
        )
        try:
            while True:
                try:
                    code = process.wait(SAMPLE_SECONDS)
                except subprocess.TimeoutExpired:
                    loads.append(load_average())
                else:
                    loads.append(load_average())
                    return code, Load(min(loads), max(loads))
        except BaseException:
            _end(process)
            raise


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a script: Ctrl-C has reached it too, so it first has time to clean up."""
    try:
        process.wait(MAX_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def words_of(outcome: Outcome) -> str:
    """Return what became of a suite, for a person."""
    written = f"{shlex.quote(str(outcome.written))}" if outcome.written else ""
    return ": ".join(part for part in (outcome.suite, written, outcome.reason) if part)
