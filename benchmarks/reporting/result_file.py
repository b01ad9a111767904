"""Result files of benchmarks: one for each suite, with the circumstances of its run.

    benchmarks/results/overlap.json

A file has the command, day, machine, commit, versions and load of one run, and its rows. What is
not known of a run is null, and `reasons` says why. Statements, the warehouse's seed and the tables
of documents take their figures from here, so a run that only shows that a script works is refused.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
MAY_BE_UNKNOWN = ("measured_on", "machine", "commit", "versions", "load")
SIGNIFICANT_DIGITS = 4
COMMIT = re.compile("[0-9a-f]{7,64}")
DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


class BadResult(Exception):
    """A result file that is damaged, incomplete or no evidence; the message names the file."""


@dataclass(frozen=True)
class ResultRow:
    """One figure: what was measured in which setting, beside its aim."""

    setting: str
    """The circumstances that the benchmark chose: a precision, a number of requests, a size."""
    variant: str | None
    """Contender, form or part; None where there is only one."""
    figure: str
    value: float | None
    """The median where there are several rounds; None where only least and most were noted."""
    unit: str | None
    low: float | None = None
    high: float | None = None
    aim: float | None = None
    is_met: bool | None = None
    """None where there is no aim."""

    @property
    def key(self) -> tuple[str, str | None, str]:
        """Name of the row within its file."""
        return self.setting, self.variant, self.figure


@dataclass(frozen=True)
class Load:
    """Least and most load average of a minute during the run, its own work included."""

    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """One run of a suite."""

    suite: str
    command: str
    """As typed at the root of the repository; capitals stand for local paths."""
    measured_on: str | None
    """UTC day, YYYY-MM-DD."""
    machine: str | None
    commit: str | None
    versions: dict[str, str] | None
    load: Load | None
    is_quick: bool
    reasons: dict[str, str]
    """Why a field above is null, by its name."""
    rows: tuple[ResultRow, ...]


def row(
    setting: str,
    figure: str,
    value: float | None,
    unit: str | None = None,
    *,
    variant: str | None = None,
    low: float | None = None,
    high: float | None = None,
    aim: float | None = None,
    better: Literal["less", "more"] = "less",
) -> ResultRow:
    """Return a row of four significant digits; `better` says on which side of the aim it is met."""
    is_met = None
    if aim is not None and value is not None:
        is_met = value <= aim if better == "less" else value >= aim
    rounded = [None if each is None else significant(each) for each in (value, low, high)]
    return ResultRow(setting, variant, figure, rounded[0], unit, *rounded[1:], aim, is_met)


def significant(value: float) -> float:
    """Round to four significant digits, but keep whole numbers whole."""
    if isinstance(value, int) or abs(value) >= 10**SIGNIFICANT_DIGITS:
        return round(value)
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def write_result(folder: Path, result: Result) -> Path:
    """Write a result as a file of its suite, replacing the one before; return the file.

    Raises BadResult for a result that its own reader would refuse.
    """
    path = folder / f"{result.suite}.json"
    _check(path, result)
    head = {name: value for name, value in asdict(result).items() if name != "rows"}
    # A line for each row, so that a difference of two runs can be read.
    rows = ",\n".join(f"  {json.dumps(asdict(each), ensure_ascii=False)}" for each in result.rows)
    text = json.dumps(head, indent=1, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
    folder.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".part")
    written.write_text(f'{text},\n "rows": [\n{rows}\n ]\n}}\n', encoding="utf-8")
    written.replace(path)
    return path


def read_result(path: Path) -> Result:
    """Read a result file; raise BadResult if it is none or says too little."""
    try:
        content = json.loads(path.read_bytes())
        rows = tuple(ResultRow(**each) for each in content.pop("rows"))
        load, reasons = content.pop("load"), dict(content.pop("reasons"))
        result = Result(rows=rows, load=load and Load(**load), reasons=reasons, **content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{path} is no result of a benchmark: {error}"
        raise BadResult(f"{reason}. Run its suite again, or remove it.") from error
    _check(path, result)
    return result


def read_evidence(folder: Path = RESULTS) -> list[Result]:
    """Read every result of a folder, by suite; raise BadResult if one is no evidence."""
    found = [read_result(path) for path in sorted(folder.glob("*.json"))]
    if quick := [result.suite for result in found if result.is_quick]:
        raise BadResult(f"{folder / quick[0]}.json is of a quick run, which measures nothing.")
    return found


def _check(path: Path, result: Result) -> None:
    if problem := next(_problems(path, result), None):
        advice = f"Run `python benchmarks/run.py --suite {path.stem}` again, or remove the file."
        raise BadResult(f"{path} {problem}. {advice}")


def _problems(path: Path, result: Result) -> Iterator[str]:
    if result.suite != path.stem:
        yield f"is of the suite {result.suite!r}"
    yield from _problems_of_run(result)
    if not result.rows:
        yield "has no rows"
    keys: set[tuple[str, str | None, str]] = set()
    for each in result.rows:
        if each.key in keys:
            yield f"has two rows of {each.key}"
        keys.add(each.key)
        yield from _problems_of_row(each)


def _problems_of_run(result: Result) -> Iterator[str]:
    for name in ("command", "machine", "commit", "measured_on"):
        value = getattr(result, name)
        if (
            (value is None and name == "command")
            or not isinstance(value, str | None)
            or value == ""
        ):
            yield f"has no {name} that can be read: {value!r}"
    for name in MAY_BE_UNKNOWN:
        if (getattr(result, name) is None) != (name in result.reasons):
            yield f"needs either {name} or the reason why it is not known"
    if result.commit and not COMMIT.fullmatch(result.commit):
        yield f"has a commit that is none: {result.commit}"
    if result.measured_on and not DAY.fullmatch(result.measured_on):
        yield f"has a day that is none: {result.measured_on}"


def _problems_of_row(each: ResultRow) -> Iterator[str]:
    for name in ("value", "low", "high", "aim"):
        number = getattr(each, name)
        if number is not None and (type(number) not in (int, float) or not isfinite(number)):
            yield f"has {name} {number!r}, which is no number, in {each.key}"
    if each.value is None and each.low is None and each.high is None:
        yield f"has no figure in {each.key}"
    if each.low is not None and each.high is not None and each.low > each.high:
        yield f"has a low above its high in {each.key}"
    if (each.aim is None) != (each.is_met is None):
        yield f"has an aim without is_met, or the other way round, in {each.key}"
    for name in (field.name for field in fields(each)):
        if getattr(each, name) == "":
            yield f"has an empty {name} in {each.key}"


def find_row(
    results: Sequence[Result], suite: str, figure: str, setting: str | None, variant: str | None
) -> ResultRow:
    """Return the one row that these words name; setting and variant may be left out.

    Raises LookupError where there is none, or more than one.
    """
    found = [
        each
        for result in results
        if result.suite == suite
        for each in result.rows
        if each.figure == figure
        and setting in {None, each.setting}
        and variant in {None, each.variant}
    ]
    if len(found) != 1:
        raise LookupError(f"{len(found)} rows of {suite}: {figure}, {setting}, {variant}")
    return found[0]
