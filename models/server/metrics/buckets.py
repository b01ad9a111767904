"""Histogram buckets, equal to vLLM's."""

STEP_TOKENS = tuple([1] + [2**power for power in range(3, 15)])
PREEMPTIONS = (1, 2, 3, 4, 5, 10, 20)
CHOICES = (1, 2, 5, 10, 20)

# Seconds, one row for each order of magnitude.
FIRST_TOKEN = (
    *(0.001, 0.005),
    *(0.01, 0.02, 0.04, 0.06, 0.08),
    *(0.1, 0.25, 0.5, 0.75),
    *(1, 2.5, 5, 7.5),
    *(10, 20, 40, 80),
    *(160, 640, 2560),
)
NEXT_TOKEN = (
    *(0.01, 0.025, 0.05, 0.075),
    *(0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75),
    *(1, 2.5, 5, 7.5),
    *(10, 20, 40, 80),
)
REQUEST = (
    *(0.3, 0.5, 0.8),
    *(1, 1.5, 2, 2.5, 5),
    *(10, 15, 20, 30, 40, 50, 60),
    *(120, 240, 480, 960),
    *(1920, 7680),
)


def length_buckets(limit: int) -> tuple[int, ...]:
    """Return vLLM's buckets for lengths: 1, 2, 5, 10, 20, 50 … up to the model's context."""
    steps = (digit * 10**power for power in range(len(str(limit))) for digit in (1, 2, 5))
    return tuple(step for step in steps if step <= limit)
