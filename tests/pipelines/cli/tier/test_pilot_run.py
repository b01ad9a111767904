"""Progress of a pilot: lines that tell what goes on and how long it takes."""

from pipelines.cli.tier.pilot_run import LINE_SECONDS, PilotProgress


def test_each_block_has_a_line_with_the_time_that_is_left() -> None:
    """The first one says nothing of how long one takes."""
    lines: list[str] = []
    times = iter([0.0, 10.0, 20.0, 30.0])
    progress = PilotProgress(lines.append, lambda: next(times))
    for done in (1, 2, 3):
        progress.on_block("block", done, 8)
    assert lines == [
        "1 of 8: block",
        "2 of 8: block, about 60 s left",
        "3 of 8: block, about 50 s left",
    ]


def test_a_long_block_has_a_line_now_and_then() -> None:
    lines: list[str] = []
    now = 0.0
    progress = PilotProgress(lines.append, lambda: now)
    for _ in range(12):
        now += LINE_SECONDS / 5
        progress.on_wait("still at it")
    assert lines == ["  still at it"] * 2
