"""Tables of documents, made from the result files.

`tables.toml` says which tables there are; a document has each of them between two comments:

    <!-- table overlap: made by benchmarks/run.py --tables -->
    <!-- end of table -->

A figure that misses its aim is bold.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .result_file import RESULTS, ROOT, BadResult, Result, ResultRow, find_row, read_evidence
from .seed import SEED, seed_text
from .suites import read_suites

DESCRIBED = Path(__file__).with_name("tables.toml")
BEGIN = "<!-- table {name}: made by benchmarks/run.py --tables -->"
END = "<!-- end of table -->"
BLOCK = re.compile(
    r"^<!-- table (\w+): made by [^>]*-->\n(.*?)^<!-- end of table -->$", re.MULTILINE | re.DOTALL
)
REFERENCE = re.compile(r"\{([^{}]+)\}")
SUITES_HEAD = ("suite", "question", "last measured")
LIST_HEAD = ("figure", "measured", "least to most", "aim", "met")

Described = dict[str, Any]


def write_tables(results: Sequence[Result] | None = None) -> list[Path]:
    """Write the tables into all documents, and the seed; return the files that changed."""
    results = read_evidence(RESULTS) if results is None else results
    described = read_described()
    made = {ROOT / page: with_tables(ROOT / page, described, results) for page in pages(described)}
    made[SEED] = seed_text(results)
    changed = []
    for path, text in made.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def read_described() -> dict[str, Described]:
    """Return what `tables.toml` says of each table, by its name."""
    return tomllib.loads(DESCRIBED.read_text(encoding="utf-8"))


def pages(described: dict[str, Described]) -> list[str]:
    """Return the documents that have tables."""
    return sorted({table["page"] for table in described.values()})


def with_tables(path: Path, described: dict[str, Described], results: Sequence[Result]) -> str:
    """Return a document with its tables as the results have them.

    Raises BadResult if a table is not in it, or one in it is not described.
    """
    text = path.read_text(encoding="utf-8")
    page = path.relative_to(ROOT).as_posix()
    wanted = {name for name, table in described.items() if table["page"] == page}
    if wanted != (found := {name for name, _ in BLOCK.findall(text)}):
        raise BadResult(f"{page} and tables.toml differ in {', '.join(sorted(wanted ^ found))}.")

    def block(name: str) -> str:
        return "\n".join((BEGIN.format(name=name), *lines(described[name], results), END))

    return BLOCK.sub(lambda match: block(match[1]), text)


def lines(table: Described, results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of a table, and below it the runs that its figures are of."""
    if "lines" in table:
        head, body = table["head"], _templates(table, results)
    elif "suite" not in table:
        head, body = list(SUITES_HEAD), _suites(results)
    elif "columns" in table:
        head, body = _pivot(table, _result(table["suite"], results))
    else:
        head, body = list(LIST_HEAD), _list(table, _result(table["suite"], results))
    yield ""
    yield from map(_line, (head, ["---"] * len(head), *body))
    yield ""
    if "suite" in table:
        yield source(_result(table["suite"], results))
        yield ""


def source(result: Result) -> str:
    """Return where figures come from: command, day, machine, commit, and their file."""
    reasons = result.reasons
    facts = [
        f"`{result.command}`",
        result.measured_on or f"day {reasons['measured_on']}",
        result.machine or f"machine {reasons['machine']}",
        f"commit {result.commit[:12]}" if result.commit else f"commit unknown: {reasons['commit']}",
    ]
    if result.versions:
        facts.append(", ".join(f"{name} {version}" for name, version in result.versions.items()))
    if result.load:
        facts.append(f"load {number(result.load.low)} to {number(result.load.high)}")
    else:
        facts.append(f"load: {reasons['load']}")
    return f"{'; '.join(facts)} ([file](results/{result.suite}.json))."


def _result(suite: str, results: Sequence[Result]) -> Result:
    for result in results:
        if result.suite == suite:
            return result
    raise BadResult(f"There is no result of {suite}, which a table shows.")


def _suites(results: Sequence[Result]) -> list[list[str]]:
    """Return a row for each suite: its question, and the day of its result."""
    days = {result.suite: result.measured_on or "day not noted" for result in results}
    return [
        [f"[{each.name}]({each.script})", each.question, days.get(each.name, "never")]
        for each in read_suites().values()
    ]


def _templates(table: Described, results: Sequence[Result]) -> list[list[str]]:
    """Return rows whose texts name figures: `{suite; figure; setting; variant}`."""

    def fill(reference: re.Match[str]) -> str:
        words = [word.strip() or None for word in reference[1].split(";")]
        suite, figure, setting, variant = [*words, None, None][:4]
        each = find_row(results, suite or "", figure or "", setting, variant)
        return _figure(each)

    return [[REFERENCE.sub(fill, cell) for cell in line] for line in table["lines"]]


def _list(table: Described, result: Result) -> list[list[str]]:
    """Return a row for each figure, in the order of the file; `figure` and `least` choose some."""
    wanted, figure, least = table.get("variant"), table.get("figure"), table.get("least")
    body = []
    for each in result.rows:
        is_chosen = figure in (None, each.figure) and wanted in (None, each.variant)
        if is_chosen and (least is None or (each.value or 0.0) >= least):
            name = " ".join(part for part in (each.variant, each.figure) if part != wanted and part)
            if len({row.setting for row in result.rows}) > 1:
                name = f"{name} ({each.setting})"
            aim = "" if each.aim is None else _with_unit(each, number(each.aim))
            met = {None: "", True: "yes", False: "**no**"}[each.is_met]
            spread = "" if each.value is None else _spread(each)
            body.append([name, _figure(each), spread, aim, met])
    return body


def _pivot(table: Described, result: Result) -> tuple[list[str], list[list[str]]]:
    """Return a row for each setting or variant, with a column for each figure."""
    by, columns = table["by"], table["columns"]
    body = []
    for key in dict.fromkeys(_row_key(each, by) for each in result.rows):
        cells = [
            _pivot_cell(result.rows, dict(zip(by, key, strict=True)), each) for each in columns
        ]
        if any(cells):
            body.append([*key, *cells])
    return [*table["keys"], *(each["head"] for each in columns)], body


def _row_key(each: ResultRow, by: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(getattr(each, name)) for name in by)


def _pivot_cell(rows: Sequence[ResultRow], key: dict[str, str], column: dict[str, str]) -> str:
    names = ("setting", "variant", "figure")
    fixed = {name: column[name] for name in names if name in column} | key
    for each in rows:
        if all(str(getattr(each, name)) == value for name, value in fixed.items()):
            if column.get("show") == "aim":
                return "" if each.aim is None else number(each.aim)
            spread = _spread(each)
            beside = f" ({spread})" if spread and each.value is not None else ""
            return _bold(each, _value(each)) + beside
    return ""


def _figure(each: ResultRow) -> str:
    return _bold(each, _with_unit(each, _value(each)))


def _bold(each: ResultRow, text: str) -> str:
    return f"**{text}**" if each.is_met is False else text


def _value(each: ResultRow) -> str:
    return _spread(each) if each.value is None else number(each.value)


def _with_unit(each: ResultRow, text: str) -> str:
    return f"{text} {each.unit}" if each.unit and each.unit != "times" else text


def _spread(each: ResultRow) -> str:
    low, high = (None if value is None else number(value) for value in (each.low, each.high))
    if low is None:
        return "" if high is None else f"to {high}"
    return f"from {low}" if high is None else f"{low} to {high}"


def number(value: float) -> str:
    """Return a figure as a text, without zeros at its end."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"


def _line(cells: Sequence[str]) -> str:
    return "".join(("|", *(f" {cell} |" if cell else " |" for cell in cells)))
