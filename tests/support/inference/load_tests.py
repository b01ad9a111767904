"""Records of load tests, as if a server had replied."""

from dataclasses import replace
from typing import Any

from models.loadgen.records import RequestRecord
from models.loadgen.replay import LoadTest


def completed(
    number: int,
    due_s: float,
    ttft_s: float = 0.1,
    tokens: int = 11,
    e2e_s: float = 1.1,
    **changes: Any,
) -> RequestRecord:
    """Make the record of a completed request, with changes."""
    gaps = tuple([(e2e_s - ttft_s) / (tokens - 1)] * (tokens - 1)) if tokens > 1 else ()
    record = RequestRecord(
        number=number,
        asked_prompt_tokens=5,
        asked_output_tokens=tokens,
        is_capped=False,
        due_s=due_s,
        end_s=due_s + e2e_s,
        sent_s=due_s,
        first_s=due_s + ttft_s,
        gaps_s=gaps,
        prompt_tokens=5,
        output_tokens=tokens,
        status=200,
    )
    return replace(record, **changes)


def load_test(*records: RequestRecord, **changes: Any) -> LoadTest:
    """Make a load test of ten seconds with these records."""
    fields = {"planned": len(records), "elapsed_s": 10.0, "cpu_s": 1.0, "records": [*records]}
    return LoadTest(**fields | changes)
