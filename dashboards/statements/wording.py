"""Bases and verdicts in words: the one plain sentence with which a claim begins."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashboards.statements.comparison import capital
from dashboards.statements.judging import OVERALL

# What is counted on a basis, to follow "if you count".
COUNTED = {
    "top9": "the nine models on OpenRouter's chart",
    "top50": "the named models of each day",
    "top50_cloaked_later": (
        "the named models, each cloaked one with the lab that later claimed it"
    ),
    "top50_without_free": "the named models without free listings",
    "platform": "all traffic of the platform",
}
# Other bases, to follow "by".
OTHER = {
    "report": "the report itself",
    "tier": "our own tier",
    "national": "the national figures",
    "mean_day": "the mean day",
    "highest_day": "the highest day",
}
BENCHMARK = "benchmark_"
WEEK_BASIS = re.compile(r"week_of_(\d\d)_(\d\d)_(.+)")
DECIMAL = re.compile(r"(?<=\d)_(?=\d)")
HOLDS = "supported"
FALSE = ("contradicted", "wrong_population", "wrong_baseline")
WHY_FALSE = {
    "wrong_population": "The figure is that of other tokens than the statement names",
    "wrong_baseline": "It is compared with something other than the statement says",
}
NOT_JUDGED = (
    "Not judged: the market shown here is simulated, and made-up figures say nothing about a real "
    "statement."
)


def basis_words(basis: str) -> str:
    """Return a basis in words."""
    if basis == OVERALL:
        return "over all bases"
    if basis.startswith(BENCHMARK):
        setting = DECIMAL.sub(".", basis.removeprefix(BENCHMARK))
        return f"our benchmark with {setting.replace('_', ' ')}"
    if found := WEEK_BASIS.fullmatch(basis):
        counted = COUNTED.get(found[3]) or found[3].replace("_", " ")
        return f"the week of {found[1]}-{found[2]} ({counted})"
    return COUNTED.get(basis) or OTHER.get(basis) or basis.replace("_", " ")


def plain_sentence(rows: Iterable[Mapping[str, Any]]) -> str:
    """Say in one plain sentence on which bases a claim holds; `rows` have basis and verdict."""
    given = sorted(rows, key=lambda row: str(row["basis"]))
    listed = [row for row in given if row["basis"] != OVERALL] or given
    true, false, unknown, unjudged = (
        [row["basis"] for row in listed if row["verdict"] in verdicts]
        for verdicts in ((HOLDS,), FALSE, ("unverifiable",), ("not_judged",))
    )
    if not true and not false:
        return NOT_JUDGED if unjudged else _unknown(listed)
    rest = [*unknown, *unjudged]
    after = f" {capital(_by(rest))}, it cannot be known." if rest else ""
    if true and false:
        return f"Only {_by(true)}; not {_by(false)}.{after}"
    if true:
        where = _by(true) if rest else _whichever(true, "on every basis")
        return f"True {where}.{after}"
    kinds = {row["verdict"] for row in listed if row["verdict"] in FALSE}
    why = WHY_FALSE.get(kinds.pop()) if len(kinds) == 1 else None
    where = _by(false) if rest else _whichever(false, "on any basis")
    return (f"{why}." if why else f"Not true {where}.") + after


def _unknown(rows: Sequence[Mapping[str, Any]]) -> str:
    reasons = {row.get("reason") for row in rows} - {None, ""}
    why = f": {str(reasons.pop()).rstrip('.')}" if len(reasons) == 1 else " on any basis"
    return f"It cannot be known{why}."


def _whichever(bases: Sequence[str], others: str) -> str:
    if [*bases] == [OVERALL]:
        return basis_words(OVERALL)
    if len(bases) == 1:
        return _by(bases)
    way = "whichever way you count" if {*bases} <= COUNTED.keys() else others
    return f"{way}: {_join([basis_words(basis) for basis in bases], 'or')}"


def _by(bases: Sequence[str]) -> str:
    counted = [COUNTED[basis] for basis in bases if basis in COUNTED]
    others = [basis_words(basis) for basis in bases if basis not in COUNTED]
    parts = [f"if you count {_join(counted, 'or')}"] if counted else []
    return ", or ".join(parts + ([f"by {_join(others, 'or')}"] if others else []))


def _join(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
