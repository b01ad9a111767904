"""A pilot's result on the terminal."""

import io

from rich.console import Console
from support.inference.pilot_results import pilot_result

from pipelines.cli.tier.pilot_view import describe_greedy, format_figure, show_pilot


def shown(width: int = 160, **changes: object) -> str:
    out = io.StringIO()
    show_pilot(Console(file=out, width=width), pilot_result(**changes))  # type: ignore[arg-type]
    return out.getvalue()


def test_differences_are_marked_and_have_their_intervals() -> None:
    text = shown()
    assert "ttft_ms *" in text
    assert "All intervals together hold at 95%" in text
    assert "http://10.0.0.11:8000/v1" in text
    assert "refused: 400 <b>no</b>" in text
    assert "7 of 8 equal" in text


def test_names_of_metrics_are_whole_on_a_narrow_terminal() -> None:
    assert "output_tokens_per_second" in shown(width=80)


def test_what_is_unknown_says_why() -> None:
    text = shown(failing=1.0)
    assert "ttft_ms: no request was completed by both servers" in text
    assert "unknown" in text


def test_figures_have_four_digits() -> None:
    assert [format_figure(each) for each in (None, 0.123456, 12345.6)] == [
        "unknown",
        "0.1235",
        "12,346",
    ]


def test_equality_that_is_not_known_is_not_zero() -> None:
    assert describe_greedy(None) == "Greedy completions: not asked."
