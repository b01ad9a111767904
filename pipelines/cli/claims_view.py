"""Claims on a console: statements with what we measured and a verdict for each basis.

Statements and verdicts come from `pipelines/claims`. Here they are only printed.
"""

from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dashboards.statements.judging import OVERALL, WeekSpan, spans
from dashboards.statements.wording import basis_words, plain_sentence
from pipelines.cli.shell.result_view import show_result
from pipelines.errors import UnknownClaim
from pipelines.publish import query

COLOURS = {
    "supported": "green",
    "contradicted": "red",
    "unverifiable": "yellow",
    "not_judged": "yellow",
}
# Verdicts that a person reads in other words than a program.
WORDS = {"not_judged": "not judged: simulated market"}
# Columns about the statement, the same in each row of a claim.
STATEMENT = (
    "claim_id",
    "statement",
    "said_by",
    "said_on",
    "population",
    "unit",
    "source_url",
    "article",
    "holds_if",
)
# Columns of a query's rows that say how a basis was measured with one of our benchmarks.
RUN = ("command", "machine", "commit")
OTHERS = "others"
NO_CLAIMS = (
    "This generation has no claims. `tokentide publish` makes one that has, from the same data."
)

ClaimRow = dict[str, Any]


def find_claim(rows: list[ClaimRow], claim_id: str) -> list[ClaimRow]:
    """Return the rows of one claim; raise UnknownClaim with ids that are spelled alike."""
    found = [row for row in rows if row["claim_id"] == claim_id]
    if found:
        return found
    known = sorted({row["claim_id"] for row in rows})
    near = get_close_matches(claim_id.replace("_", "-"), known, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`tokentide claims` lists all claims."
    raise UnknownClaim(f"There is no claim {claim_id!r}. {hint}")


def run_evidence(path: Path, rows: list[ClaimRow]) -> list[ClaimRow]:
    """Run the queries of a claim's bases on this generation, each query once."""
    queries = dict.fromkeys(
        row["evidence_sql"] for row in rows if row["basis"] != OVERALL and row["evidence_sql"]
    )
    return [{"evidence_sql": text, "rows": query.records(path, text)} for text in queries]


def measured_by(rows: list[ClaimRow], evidence: list[ClaimRow]) -> list[ClaimRow]:
    """Return the runs of benchmarks that bases rest on: command, machine, commit, and the bases.

    `evidence` is what `run_evidence` found; a commit that is not known is the reason why.
    """
    bases = {row["basis"] for row in _bases_of(rows)}
    runs: dict[tuple[str, ...], list[str]] = {}
    for row in (row for found in evidence for row in found["rows"]):
        if row.get("basis") in bases and row.get("command") and set(RUN) <= row.keys():
            of_run = runs.setdefault(tuple(row[name] for name in RUN), [])
            if row["basis"] not in of_run:
                of_run.append(row["basis"])
    return [
        {**dict(zip(RUN, run, strict=True)), "bases": sorted(of_run)}
        for run, of_run in runs.items()
    ]


def true_spans(path: Path, rows: list[ClaimRow]) -> dict[str, list[WeekSpan]]:
    """Return by basis when a claim was certainly true, where its query finds weeks."""
    found: dict[str, list[WeekSpan]] = {}
    for row in _bases_of(rows):
        if row["evidence_sql"]:
            weeks = query.frame(path, row["evidence_sql"])
            if {"is_true", "week_start", "basis"} <= set(weeks.columns):
                found[row["basis"]] = spans(weeks.filter(pl.col("basis") == row["basis"]))
    return found


def as_json(path: Path, rows: list[ClaimRow]) -> ClaimRow:
    """Return one claim for a program: the statement, its verdicts, and the evidence's rows."""
    evidence = run_evidence(path, rows)
    return {
        # A claim of the home belongs to no article.
        **{name: rows[0].get(name) for name in STATEMENT},
        "sentence": plain_sentence(rows),
        "true_weeks": {
            basis: [[str(span.first_day), str(span.last_day)] for span in held]
            for basis, held in true_spans(path, rows).items()
        },
        "verdicts": [
            {name: value for name, value in row.items() if name not in STATEMENT} for row in rows
        ],
        "measured_by": measured_by(rows, evidence),
        "evidence": evidence,
    }


def show_list(console: Console, rows: list[ClaimRow]) -> None:
    """Print a line for each claim: its verdict, and a count of the verdicts of its bases."""
    if not rows:
        console.print(NO_CLAIMS)
        return
    table = Table("claim", "verdict", "statement", "bases", "about")
    for row in sorted(rows, key=lambda row: row.get("article") or OTHERS):
        if row["basis"] == OVERALL:
            table.add_row(
                Text(row["claim_id"]),
                _coloured(row["verdict"]),
                Text(row["statement"]),
                Text(_count_verdicts(_bases_of(find_claim(rows, row["claim_id"])))),
                Text(row.get("article") or OTHERS),
            )
    console.print(table)


def show_claim(console: Console, path: Path, rows: list[ClaimRow]) -> None:
    """Print one claim in full: the statement, verdict and figures by basis, and the evidence."""
    overall = rows[0]
    said_on = f", {overall['said_on']}" if overall["said_on"] else ""
    console.print(Text(overall["statement"], style="bold"))
    console.print(Text(plain_sentence(rows)), soft_wrap=True)
    console.print(Text(f"Said by: {overall['said_by'] or 'nobody named'}{said_on}"))
    console.print(Text(f"About: {overall['population']}"))
    console.print(Text(f"Source: {overall['source_url'] or 'not known'}"))
    if overall.get("holds_if"):
        console.print(Text(f"True if: {overall['holds_if']}"), soft_wrap=True)
    console.print(Text("Verdict: ").append(_coloured(overall["verdict"])))
    _show_bases(console, _bases_of(rows), overall["unit"])
    simulated = "Simulated figures. " if overall["verdict"] == "not_judged" else ""
    for basis, held in true_spans(path, rows).items():
        words = "; ".join(span.words for span in held) or "in no week"
        line = f"True counting {basis_words(basis)}: {words}."
        console.print(Text(f"{simulated}{line}"), soft_wrap=True)
    evidence = run_evidence(path, rows)
    for run in measured_by(rows, evidence):
        words = f"Measured by `{run['command']}` on {run['machine']}, commit {run['commit']}"
        console.print(Text(f"{words}: {', '.join(run['bases'])}."), soft_wrap=True)
    for found in evidence:
        console.print(Text(found["evidence_sql"]), soft_wrap=True)
        with query.run(path, found["evidence_sql"]) as result:
            show_result(result, console)


def _show_bases(console: Console, bases: list[ClaimRow], unit: str) -> None:
    table = Table("basis", "verdict", escape(f"measured ({unit})"), "expected", "as of")
    for row in bases:
        table.add_row(
            Text(row["basis"]),
            _coloured(row["verdict"]),
            _figure(row["measured"]),
            _figure(row["expected"]),
            Text((row["as_of"] or "")[:10]),
        )
    console.print(table)
    for row in bases:
        texts = [row["measured_text"], row["reason"], _true_dates(row)]
        reasons = " ".join(f"{text.rstrip('.')}." for text in texts if text)
        line = Text(row["basis"], style="bold").append(f": {reasons}", style="not bold")
        console.print(line, soft_wrap=True)


def _true_dates(row: ClaimRow) -> str:
    """Return the days on which the statement was true, nothing where it has none to say."""
    held = row.get("true_dates")
    if held is None:
        return ""
    return f"True in {', '.join(held)}" if held else "True on no day that is loaded"


def _bases_of(rows: list[ClaimRow]) -> list[ClaimRow]:
    return [row for row in rows if row["basis"] != OVERALL]


def _count_verdicts(bases: list[ClaimRow]) -> str:
    counts = Counter(row["verdict"] for row in bases)
    return ", ".join(f"{count} {_words(verdict)}" for verdict, count in sorted(counts.items()))


def _coloured(verdict: str) -> Text:
    return Text(_words(verdict), style=COLOURS.get(verdict, "magenta"))


def _words(verdict: str) -> str:
    return WORDS.get(verdict, verdict)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"
