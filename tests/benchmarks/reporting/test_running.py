"""A runner writes each suite's result when it ends, and loses only the one under way."""

import json
import signal
from pathlib import Path

import pytest

from benchmarks.reporting.result_file import ROOT, read_result
from benchmarks.reporting.running import Outcome, Runner, words_of
from benchmarks.reporting.suites import Suite

# Scripts that write a report, fail, or are interrupted as by Ctrl-C.
HEAD = "import json, os, signal, sys\npath = sys.argv[2]\n"
WRITES = HEAD + (
    'found = [{"answers": 30, "new": 0.5, "idle": len(sys.argv)}]\n'
    'json.dump(found, open(path, "w"))\n'
)
SCRIPTS = {
    "good.py": WRITES,
    "missed.py": WRITES + "sys.exit(1)\n",
    "broken.py": HEAD + "sys.exit(3)\n",
    "nan.py": HEAD + 'open(path, "w").write(\'[{"answers": 30, "new": NaN, "idle": 1}]\')\n',
    "odd.py": HEAD + 'open(path, "w").write("[{}]")\n',
    "interrupted.py": HEAD + "os.kill(os.getppid(), signal.SIGINT)\n",
}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    for name, text in SCRIPTS.items():
        (tmp_path / name).write_text(text)
    return Runner(tmp_path / "results", {"HOME": "/somewhere"}, scripts=tmp_path)


def run(runner: Runner, script: str, *arguments: str) -> Outcome:
    """Run one script as the suite `loading`, whose reports are small."""
    suite = Suite("loading", script, "?", arguments, quick=("--quick",))
    [outcome] = runner.run([suite], lambda text: None)
    return outcome


def test_a_result_has_the_circumstances_of_its_run(runner: Runner) -> None:
    outcome = run(runner, "good.py", "--home", "HOME")
    assert not outcome.is_failure
    assert outcome.written
    result = read_result(outcome.written)
    assert result.command == "python benchmarks/good.py --home HOME"
    assert [each.figure for each in result.rows] == ["a call with 30 new ones", "a call with none"]
    # --json, its file and both arguments, the second of them a local path.
    assert result.rows[1].value == 5
    assert result.machine
    assert "cores of" in result.machine
    assert result.versions
    assert {"python", "duckdb"} <= result.versions.keys()
    assert result.load
    assert result.load.low <= result.load.high
    assert not result.is_quick
    assert (result.commit is None) == ("commit" in result.reasons)
    assert "/somewhere" not in outcome.written.read_text()


def test_a_quick_run_says_so(runner: Runner) -> None:
    quick = Runner(runner.folder, runner.inputs, is_quick=True, scripts=runner.scripts)
    outcome = run(quick, "good.py", "--rounds", "9")
    assert outcome.written
    result = read_result(outcome.written)
    assert result.is_quick
    assert result.command.endswith("good.py --quick")


def test_what_was_measured_stays_where_a_script_failed(runner: Runner) -> None:
    """A script that misses what it must reach exits with 1, and that is a result."""
    missed = run(runner, "missed.py")
    assert missed.is_failure
    assert missed.written
    assert read_result(missed.written).rows
    assert "ended with 1, and what it measured is kept" in words_of(missed)
    broken = run(runner, "broken.py")
    assert broken == Outcome("loading", None, "ended with 3 and measured nothing", is_failure=True)
    odd = run(runner, "odd.py")
    assert odd.is_failure
    assert odd.written
    assert json.loads(odd.written.read_text()) == [{}]
    assert odd.written.suffix == ".unread"
    no_number = run(runner, "nan.py")
    assert no_number.is_failure
    assert "which is no number" in words_of(no_number)
    assert no_number.written
    assert "NaN" in no_number.written.read_text()


def test_ctrl_c_loses_only_the_suite_under_way(runner: Runner) -> None:
    suites = [
        Suite("loading", "good.py", "?"),
        Suite("news", "interrupted.py", "?"),
        Suite("downloads", "good.py", "?"),
    ]
    # A shell starts jobs in the background with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(runner.run(suites, print))
    finally:
        signal.signal(signal.SIGINT, before)
    assert [path.name for path in runner.folder.iterdir()] == ["loading.json"]


def test_a_suite_that_cannot_run_is_left_out(runner: Runner) -> None:
    outcome = run(runner, "good.py", "--page", "PAGE")
    assert outcome == Outcome("loading", None, "left out: it needs --page", is_failure=False)
    assert words_of(outcome) == "loading: left out: it needs --page"


def test_results_have_their_place() -> None:
    assert (ROOT / "benchmarks" / "results" / "ingest.json").exists()
