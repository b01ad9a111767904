"""The runbook names errors and checks that exist."""

import re

from support.rules.source_files import PACKAGES, ROOT, files

RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")


def test_errors_of_the_runbook_exist() -> None:
    """Each quotes words of a message of the packages; `…` stands for what it names."""
    _, _, errors = RUNBOOK.partition("## Errors\n")
    errors, _, _ = errors.partition("\n## ")
    quoted = re.findall(r"^\| `(…[^`]+|[A-Z][^`]+)`", errors, re.MULTILINE)
    words = {part.strip() for quote in quoted for part in quote.split("…") if part.strip()}
    source = "\n".join(path.read_text() for path in files(".py", PACKAGES))
    assert len(words) >= 8
    assert not [part for part in sorted(words) if part not in source]


def test_checks_of_the_runbook_exist() -> None:
    named = set(re.findall(r"`audit warns (\w+)`", RUNBOOK))
    known = {path.stem for path in (ROOT / "warehouse/tests").rglob("*.sql")}
    assert named
    assert named <= known, sorted(named - known)
