"""Latencies of one request."""

from dataclasses import replace

import pytest

from models.loadgen.records import RequestRecord

RECORD = RequestRecord(
    number=0,
    asked_prompt_tokens=5,
    asked_output_tokens=11,
    is_capped=False,
    due_s=5.0,
    end_s=6.1,
    sent_s=5.0,
    first_s=5.1,
    output_tokens=11,
)


def test_the_time_per_token_excludes_the_first() -> None:
    """Eleven tokens have ten steps."""
    assert RECORD.tpot_s == pytest.approx(0.1)


@pytest.mark.parametrize("tokens", [None, 0, 1])
def test_too_few_tokens_have_no_time_per_token(tokens: int | None) -> None:
    """Nor does an unknown number."""
    assert replace(RECORD, output_tokens=tokens).tpot_s is None


def test_latencies_count_from_when_a_request_was_due() -> None:
    """The user waited also while this process was late; the lag shows how long."""
    late = replace(RECORD, sent_s=5.4, first_s=5.5, end_s=6.0)
    assert (late.ttft_s, late.e2e_s) == (0.5, 1.0)
    assert late.send_lag_s == pytest.approx(0.4)


def test_without_a_stream_there_is_no_first_output() -> None:
    """The whole time is known nevertheless."""
    whole = replace(RECORD, first_s=None)
    assert (whole.ttft_s, whole.tpot_s) == (None, None)
    assert whole.e2e_s == pytest.approx(1.1)


def test_a_request_that_was_never_sent_has_no_lag() -> None:
    """Its connection failed."""
    assert replace(RECORD, sent_s=None).send_lag_s is None
