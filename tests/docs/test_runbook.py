"""The runbook names errors and checks that exist."""

import re

from support.rules.source_files import PACKAGES, ROOT, files, types

RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")


def test_errors_of_the_runbook_exist() -> None:
    """Each is a class of the packages, under the name that a message begins with."""
    _, _, errors = RUNBOOK.partition("## Errors\n")
    errors, _, _ = errors.partition("\n## ")
    named = set(re.findall(r"^\| `([A-Z][A-Za-z]+)[ `]", errors, re.MULTILINE))
    known = {name for path in files(".py", PACKAGES) for _, name, _ in types(path)}
    assert len(named) >= 8
    assert named <= known, sorted(named - known)


def test_checks_of_the_runbook_exist() -> None:
    named = set(re.findall(r"`audit warns (\w+)`", RUNBOOK))
    known = {path.stem for path in (ROOT / "warehouse/tests").rglob("*.sql")}
    assert named
    assert named <= known, sorted(named - known)
