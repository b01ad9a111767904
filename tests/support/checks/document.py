"""The page docs/checks.md, made of the checks of the project and of what is planted for each.

PYTHONPATH=.:tests python -m support.checks.document
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from support.checks.planting import usual_words
from support.checks.stated import Stated, read_stated

from pipelines.settings import read_settings
from pipelines.transform.dbt_process import PROJECT
from pipelines.transform.manifest import DbtManifest, read_manifest

PAGE = Path(__file__).parents[3] / "docs" / "checks.md"
INTRODUCTION = Path(__file__).with_name("introduction.md")
KINDS = {
    "unique": "unique",
    "unique_key": "key",
    "not_null": "never null",
    "known_values": "known values",
    "accepted_values": "known values",
    "relationships": "refers to a row",
}


def write_page(manifest: DbtManifest) -> str:
    """Return the text of the page."""
    text = INTRODUCTION.read_text()
    for name, lines in {
        "others": _others(read_stated("others")),
        "findings": _findings(read_stated("findings")),
        "upstream": _upstream(read_stated("upstream")),
        "tier": _upstream(read_stated("tier")),
        "singular": _singular(manifest),
        "described": _described(manifest),
    }.items():
        text = text.replace(f"<!-- {name} -->", "\n".join(lines))
    return text


def _others(stated: Stated) -> Iterator[str]:
    yield from _head("check", "when", "severity", "what it protects", "planted", "what to do next")
    for name, row in stated.items():
        yield _row(
            f"[{name}](../{row['test']})",
            *(row[key] for key in ("when", "severity", "protects", "planted", "next")),
        )


def _findings(stated: Stated) -> Iterator[str]:
    yield from _head("finding", "what it protects", "planted", "what to do next")
    for name, row in stated.items():
        yield _row(f"`{name}`", row["protects"], row["planted"], row["next"])


def _upstream(stated: Stated) -> Iterator[str]:
    yield from _head("source", "failure", "outcome", "reason, or why nothing is withheld")
    for name, failures in stated.items():
        for failure, row in failures.items():
            why = row.get("because") or f"`{row['reason']}`"
            yield _row(f"`{name}`", failure, row["outcome"], why)


def _singular(manifest: DbtManifest) -> Iterator[str]:
    yield from _head("check", "severity", "what it protects", "planted", "what to do next")
    stated = read_stated("defects")
    for node in _tests(manifest):
        if not node.get("test_metadata"):
            path = f"warehouse/{node['original_file_path']}"
            row = stated[node["alias"]]
            yield _row(
                f"[{node['alias']}](../{path})",
                _severity(node),
                _comment(PROJECT / node["original_file_path"]),
                row["words"],
                row["next"],
            )


def _described(manifest: DbtManifest) -> Iterator[str]:
    yield from _head("table", "check", "severity", "planted")
    stated, rows = read_stated("defects"), []
    for node in _tests(manifest):
        if test := node.get("test_metadata"):
            case = stated.get(node["alias"], {})
            words = case.get("words") or usual_words(test)
            if "also" in case:
                words += f" ({', '.join(case['also'])} fire too: {case['because']})"
            table = manifest["nodes"][node["attached_node"]]["alias"]
            rows.append(
                _row(table, f"{KINDS[test['name']]}: {_columns(test)}", _severity(node), words)
            )
    yield from sorted(rows)


def _tests(manifest: DbtManifest) -> list[dict[str, Any]]:
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    return sorted(tests, key=lambda node: (node["original_file_path"], node["alias"]))


def _columns(test: Mapping[str, Any]) -> str:
    kwargs = test["kwargs"]
    names: Sequence[str] = [*kwargs.get("columns", ())] or [kwargs["column_name"]]
    return ", ".join(f"`{name}`" for name in names)


def _severity(node: Mapping[str, Any]) -> str:
    return str(node["config"]["severity"]).lower()


def _comment(path: Path) -> str:
    """Return the first comment of a file, which says what its check protects."""
    lines = path.read_text().splitlines()
    found = [line.removeprefix("-- ") for line in lines[: _end_of_comment(lines)]]
    return re.sub(r"\s+", " ", " ".join(found))


def _end_of_comment(lines: Sequence[str]) -> int:
    return next(place for place, line in enumerate(lines) if not line.startswith("--"))


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(write_page(read_manifest(read_settings().home)))
