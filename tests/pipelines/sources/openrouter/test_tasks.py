"""OpenRouter's task classification as rows of raw.tasks and raw.task_models."""

from datetime import date

from support import payloads
from support.source_payloads import parse


def test_tasks_become_shares_and_shares_by_model() -> None:
    """Two tables; this answer has no meta block."""
    frames = parse("tasks", payloads.TASKS).frames
    task = (
        "code:general_impl",
        "Code Generation",
        "code",
        0.23,
        0.31,
        0.51,
        0.48,
        date(2026, 6, 17),
        7,
    )
    assert frames["raw.tasks"].rows() == [task]
    models = [
        ("code:general_impl", "openai/gpt-4.1-mini", 0.55, 0.75),
        ("code:general_impl", "x/y", 0.0, 1.0),
    ]
    assert frames["raw.task_models"].rows() == models
