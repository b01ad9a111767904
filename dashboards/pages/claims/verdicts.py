"""Verdicts as the page shows them: a sign and words, so that no colour is needed."""

VERDICTS: dict[str, tuple[str, str]] = {
    "supported": ("✓", "the data agree"),
    "contradicted": ("✗", "the data disagree"),
    "wrong_population": ("◇", "true of other tokens than those the claim names"),
    "wrong_baseline": ("△", "compared with something other than it says"),
    "depends_on_basis": ("≠", "true on one basis and false on another"),
    "unverifiable": ("?", "the data to check it are not here"),
    "not_judged": ("⊘", "figures of a simulated market say nothing about a real claim"),
}
# Verdicts whose name needs more words.
WORDS = {"not_judged": "not judged: simulated market"}


def format_verdict(name: str | None) -> str:
    """Return a verdict as sign and words."""
    if name is None:
        return "not checked"
    sign, _ = VERDICTS.get(name, ("·", ""))
    return f"{sign} {WORDS.get(name, name.replace('_', ' '))}"
