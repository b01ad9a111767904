"""State of a request before and after its first output."""

from models.protocol import RequestOutput
from models.server.request_state import RequestState


def test_a_waiting_request_has_no_schedule_and_no_cached_tokens() -> None:
    """They come with the first output."""
    state = RequestState("one", 5, 9, 100.0)
    assert (state.scheduled_at, state.cached_tokens) == (None, 0)
    state.last_output = RequestOutput("one", [7], [], cached_tokens=4, scheduled_at=101.0)
    assert (state.scheduled_at, state.cached_tokens) == (101.0, 4)


def test_requests_do_not_share_their_outputs() -> None:
    """Each has its own queue."""
    first, second = RequestState("one", 1, 1, 0.0), RequestState("two", 1, 1, 0.0)
    first.outputs.put_nowait(RequestOutput("one", [7], []))
    assert second.outputs.empty()
