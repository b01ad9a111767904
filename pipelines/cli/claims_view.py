"""The ledger of public statements as it was published: what was said, what we measured, and the verdict for every basis.

The statements themselves are files of SQL in warehouse/claims/; nothing is judged here.
"""

from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipelines.errors import UnknownClaim
from pipelines.publish import query

OVERALL = "all"
COLOURS = {"supported": "green", "contradicted": "red", "unverifiable": "yellow"}
# Of the statement itself, the same in each of its rows.
SAID = ("claim_id", "statement", "said_by", "said_on", "population", "unit", "source_url")

Row = dict[str, Any]


def read_claims(path: Path) -> list[Row]:
    """Every claim of a generation, one row per basis; the one that sums a claim up comes first."""
    # A generation from before there was a ledger has no such table.
    if not query.frame(path, HAS_CLAIMS).height:
        return []
    return [
        {name: query.plain(value) for name, value in row.items()}
        for row in query.frame(path, CLAIMS).to_dicts()
    ]


def claim_of(rows: list[Row], claim_id: str) -> list[Row]:
    """The rows of one claim; UnknownClaim names those that are called alike."""
    found = [row for row in rows if row["claim_id"] == claim_id]
    if found:
        return found
    known = sorted({row["claim_id"] for row in rows})
    near = get_close_matches(claim_id.replace("_", "-"), known, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`tokentide claims` lists them."
    raise UnknownClaim(f"There is no claim {claim_id!r}. {hint}")


def evidence(path: Path, rows: list[Row]) -> list[Row]:
    """What the queries of a claim's bases find now in this generation, each query once."""
    queries = dict.fromkeys(row["evidence_sql"] for row in rows if row["basis"] != OVERALL)
    return [
        {
            "evidence_sql": text,
            "rows": [
                {k: query.plain(v) for k, v in row.items()}
                for row in query.frame(path, text).to_dicts()
            ],
        }
        for text in queries
    ]


def as_json(path: Path, rows: list[Row]) -> Row:
    """One claim for a program: the statement, its verdicts, and the evidence with its rows."""
    verdicts = [{name: value for name, value in row.items() if name not in SAID} for row in rows]
    return {
        **{name: rows[0][name] for name in SAID},
        "verdicts": verdicts,
        "evidence": evidence(path, rows),
    }


def show_list(console: Console, rows: list[Row]) -> None:
    """One line a claim: its verdict, and how its bases came out."""
    if not rows:
        console.print(
            "This generation has no claims. `tokentide build` and `tokentide publish` make them."
        )
        return
    table = Table("claim", "verdict", "statement", "bases")
    for row in rows:
        if row["basis"] == OVERALL:
            bases = Counter(
                other["verdict"]
                for other in claim_of(rows, row["claim_id"])
                if other["basis"] != OVERALL
            )
            tally = ", ".join(f"{number} {verdict}" for verdict, number in sorted(bases.items()))
            table.add_row(
                Text(row["claim_id"]),
                _coloured(row["verdict"]),
                Text(row["statement"]),
                Text(tally),
            )
    console.print(table)


def show_claim(console: Console, path: Path, rows: list[Row]) -> None:
    """One claim in full: who said it of what, the verdict and figures of every basis, and the query with its rows."""
    overall = rows[0]
    console.print(Text(overall["statement"], style="bold"))
    said_on = f", {overall['said_on']}" if overall["said_on"] else ""
    console.print(Text(f"Said by: {overall['said_by']}{said_on}"))
    console.print(Text(f"Of: {overall['population']}"))
    console.print(Text(f"Source: {overall['source_url'] or 'not known'}"))
    console.print(Text("Verdict: ").append(_coloured(overall["verdict"])))
    _show_bases(console, rows)
    for found in evidence(path, rows):
        console.print(Text(found["evidence_sql"]), soft_wrap=True)
        with query.run(path, found["evidence_sql"]) as result:
            query.show_table(result, console)


def _show_bases(console: Console, rows: list[Row]) -> None:
    bases = [row for row in rows if row["basis"] != OVERALL]
    table = Table("basis", "verdict", escape(f"measured ({rows[0]['unit']})"), "expected", "as of")
    for row in bases:
        figures = (_figure(row["measured"]), _figure(row["expected"]))
        table.add_row(
            Text(row["basis"]), _coloured(row["verdict"]), *figures, Text((row["as_of"] or "")[:10])
        )
    console.print(table)
    for row in bases:
        said = " ".join(
            f"{text.rstrip('.')}." for text in (row["measured_text"], row["reason"]) if text
        )
        console.print(
            Text(row["basis"], style="bold").append(f": {said}", style="not bold"), soft_wrap=True
        )


def _coloured(verdict: str) -> Text:
    return Text(verdict, style=COLOURS.get(verdict, "magenta"))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"


HAS_CLAIMS = "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'claims'"
CLAIMS = f"from marts.claims order by claim_id, basis <> '{OVERALL}', basis"
