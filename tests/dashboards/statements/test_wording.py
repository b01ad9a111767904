"""The plain sentence of a claim: on which bases it holds, in words."""

import pytest

from dashboards.statements.wording import basis_words, plain_sentence


def sentence(**verdicts: str) -> str:
    rows = [{"basis": basis, "verdict": verdict} for basis, verdict in verdicts.items()]
    return plain_sentence([{"basis": "all", "verdict": "depends_on_basis"}, *rows])


def test_a_claim_that_depends_on_its_basis_says_on_which() -> None:
    """The bases that cannot be judged come last."""
    said = sentence(
        top9="supported", top50="contradicted", platform="unverifiable", tier="not_judged"
    )
    assert said == (
        "Only if you count the nine models on OpenRouter's chart; "
        "not if you count the named models of each day. "
        "If you count all traffic of the platform, or by our own tier, it cannot be known."
    )


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (
            {"top9": "supported", "platform": "supported"},
            "True whichever way you count: all traffic of the platform "
            "or the nine models on OpenRouter's chart.",
        ),
        ({"tier": "supported", "w8a8": "supported"}, "True on every basis: our own tier or w8a8."),
        (
            {"top9": "supported", "top50": "supported", "platform": "unverifiable"},
            "True if you count the named models of each day or the nine models on OpenRouter's "
            "chart. If you count all traffic of the platform, it cannot be known.",
        ),
        ({"top9": "supported"}, "True if you count the nine models on OpenRouter's chart."),
        ({"report": "contradicted"}, "Not true by the report itself."),
        (
            {"pro_total": "contradicted", "flash_total": "contradicted"},
            "Not true on any basis: flash total or pro total.",
        ),
        (
            {"national": "wrong_population"},
            "The figure is that of other tokens than the statement names.",
        ),
        (
            {"report": "wrong_baseline"},
            "It is compared with something other than the statement says.",
        ),
        ({"top9": "unverifiable", "top50": "unverifiable"}, "It cannot be known on any basis."),
    ],
)
def test_each_verdict_has_its_sentence(verdicts: dict[str, str], said: str) -> None:
    assert sentence(**verdicts) == said


def test_a_common_reason_is_said() -> None:
    row = {"basis": "countries", "verdict": "unverifiable", "reason": "Nobody counts downloads."}
    assert plain_sentence([row]) == "It cannot be known: Nobody counts downloads."


def test_a_simulated_market_is_said_to_be_one() -> None:
    assert sentence(top9="not_judged").startswith("Not judged: the market shown here is simulated")


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        ("all", "over all bases"),
        ("benchmark_1_06", "our benchmark with 1.06"),
        ("benchmark_8_requests", "our benchmark with 8 requests"),
        ("week_models", "week models"),
    ],
)
def test_a_basis_is_said_in_words(basis: str, words: str) -> None:
    assert basis_words(basis) == words
