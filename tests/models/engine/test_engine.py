"""The engine's steps, with a fake runner that always continues with the last token plus 1."""

import pytest
from support.inference.engine import (
    CONTEXT,
    EOS,
    VOCABULARY,
    complete,
    counting_engine,
    drain,
    greedy,
)
from support.tier import make_tokenizer

from models.engine.sequence import ScheduledChunk, Sequence
from models.errors import PromptTooLong, RequestRefused
from models.protocol import EngineRequest, SamplingParams


class ScriptedDrafter:
    """A drafter that proposes the same offsets from the last token in every step."""

    def __init__(self, offsets: list[int]) -> None:
        self._offsets = offsets
        self.forgotten: list[str] = []
        self.is_closed = False

    def look_ahead(self, chunks: list[ScheduledChunk]) -> None:
        """Prepare nothing."""

    def draft(self, sequences: list[Sequence]) -> None:
        """Propose the offsets if the sequence is computed up to its last token."""
        for sequence in sequences:
            if len(sequence.tokens) - sequence.computed_tokens == 1:
                room = max(sequence.remaining_tokens - 1, 0)
                sequence.draft = [sequence.tokens[-1] + each for each in self._offsets][:room]

    def forget(self, sequence: Sequence) -> None:
        """Remember the sequence's name."""
        self.forgotten.append(sequence.request.request_id)

    def close(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True


def test_a_request_gets_its_tokens_and_one_end() -> None:
    """Each step appends a token; only the last output has a finish reason."""
    engine, _, _ = counting_engine()
    completed = complete(engine, [greedy("one", [5, 6], 3)])
    outputs = completed.outputs["one"]
    assert [output.token_ids for output in outputs] == [[7], [8], [9]]
    assert [output.finish_reason for output in outputs] == [None, None, "length"]
    assert not engine.has_work


def test_requests_run_side_by_side() -> None:
    """One batch contains the tokens of all running requests."""
    engine, runner, _ = counting_engine()
    completed = complete(engine, [greedy("one", [5], 2), greedy("two", [20, 21, 22], 2)])
    assert completed.tokens == {"one": [6, 7], "two": [23, 24]}
    assert [batch.query_tokens for batch in runner.batches] == [[1, 3], [1, 1]]


def test_a_long_prompt_is_computed_in_chunks() -> None:
    """No step exceeds max_batch_tokens, and only the last chunk gives a token."""
    engine, runner, _ = counting_engine(max_batch_tokens=4)
    completed = complete(engine, [greedy("one", list(range(10, 20)), 2)])
    assert completed.tokens["one"] == [20, 21]
    assert [len(batch.token_ids) for batch in runner.batches] == [4, 4, 2, 1]
    assert [len(batch.wanted) for batch in runner.batches] == [0, 0, 1, 1]


def test_an_end_token_ends_a_request() -> None:
    """It is the last token, and the reason is `stop`."""
    engine, _, _ = counting_engine()
    request = greedy("one", [VOCABULARY - 3], 9, ignore_eos=False)
    assert complete(engine, [request]).tokens["one"] == [VOCABULARY - 2, VOCABULARY - 1, EOS]


def test_ignored_end_tokens_do_not_end_a_request() -> None:
    """Its tokens go on to the requested length."""
    engine, _, _ = counting_engine()
    completed = complete(engine, [greedy("one", [VOCABULARY - 1], 3)])
    assert completed.replies == ({"one": [EOS, 1, 2]}, {"one": ("length", None)})


def test_a_stop_token_ends_a_request() -> None:
    """A request may name tokens that end it."""
    engine, _, _ = counting_engine()
    completed = complete(engine, [greedy("one", [5], 9, stop_token_ids=(8,))])
    assert completed.replies == ({"one": [6, 7, 8]}, {"one": ("stop", None)})


def test_a_stop_string_ends_a_request() -> None:
    """The output names the string that ended it."""
    engine, _, _ = counting_engine()
    [first, second] = (make_tokenizer().decode([token]) for token in (42, 43))
    completed = complete(engine, [greedy("one", [40], 9, stop=(first + second,))])
    assert completed.replies == ({"one": [41, 42, 43]}, {"one": ("stop", first + second)})


def test_an_aborted_request_ends_with_the_next_step() -> None:
    """Its output has no tokens; the others go on."""
    engine, _, _ = counting_engine()
    for name in ("one", "two"):
        engine.add(greedy(name, [5], 3))
    engine.step()
    engine.abort("one")
    completed = drain(engine)
    assert completed.replies == (
        {"one": [], "two": [7, 8]},
        {"one": ("abort", None), "two": ("length", None)},
    )


def test_a_waiting_request_can_be_aborted() -> None:
    """A request that never ran ends like any other."""
    engine, runner, _ = counting_engine(max_sequences=1)
    engine.add(greedy("running", [5], 2))
    engine.add(greedy("waiting", [9], 2))
    engine.abort("waiting")
    assert drain(engine).reasons == {"waiting": ("abort", None), "running": ("length", None)}
    assert all(batch.query_tokens == [1] for batch in runner.batches)


def test_aborting_an_unknown_request_does_nothing() -> None:
    """A client may leave after the end of its request."""
    engine, _, _ = counting_engine()
    engine.abort("nobody")
    assert not engine.has_work


REFUSED: dict[str, tuple[list[int], SamplingParams, str]] = {
    "no prompt": ([], SamplingParams(1), "empty"),
    "unknown token": ([VOCABULARY], SamplingParams(1), "outside 0..383"),
    "negative token": ([-1], SamplingParams(1), "outside 0..383"),
    "no tokens": ([5], SamplingParams(0), "at least 1"),
    "too many logprobs": ([5], SamplingParams(1, logprobs=21), "at most 20"),
}


@pytest.mark.parametrize(("prompt", "sampling", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_cannot_be_served_is_refused(
    prompt: list[int], sampling: SamplingParams, words: str
) -> None:
    """The message names the limit, and the engine stays idle."""
    engine, _, _ = counting_engine()
    with pytest.raises(RequestRefused, match=words):
        engine.add(EngineRequest("one", prompt, sampling))
    assert not engine.has_work


def test_a_prompt_must_fit_with_its_completion() -> None:
    """The context is the limit of both together."""
    engine, _, _ = counting_engine()
    engine.add(greedy("fits", [5] * (CONTEXT - 1), 1))
    with pytest.raises(PromptTooLong, match="Shorten the prompt"):
        engine.add(greedy("too long", [5] * (CONTEXT - 1), 2))


def test_a_name_is_unique_while_its_request_runs() -> None:
    """Once the request is over, its name is free again."""
    engine, _, _ = counting_engine()
    engine.add(greedy("one", [5], 1))
    with pytest.raises(RequestRefused, match="already exists"):
        engine.add(greedy("one", [6], 1))
    drain(engine)
    assert complete(engine, [greedy("one", [6], 1)]).tokens == {"one": [7]}


def test_right_drafts_are_accepted_with_one_more_token() -> None:
    """Two right draft tokens make three tokens per step."""
    engine, runner, _ = counting_engine(ScriptedDrafter([1, 2]))
    completed = complete(engine, [greedy("one", [5], 7)])
    assert completed.tokens["one"] == [6, 7, 8, 9, 10, 11, 12]
    assert [step.accepted_per_position for step in completed.steps] == [[], [1, 1], [1, 1]]
    assert [batch.token_ids for batch in runner.batches] == [[5], [6, 7, 8], [9, 10, 11]]
    [end] = completed.ends
    assert (end.draft_tokens, end.accepted_tokens) == (4, 4)


def test_a_wrong_draft_costs_its_rows_only() -> None:
    """Tokens up to the first mismatch are accepted; the others are as without a draft."""
    engine, _, _ = counting_engine(ScriptedDrafter([1, 9]))
    completed = complete(engine, [greedy("one", [5], 5)])
    assert completed.tokens["one"] == [6, 7, 8, 9, 10]
    assert completed.accepted == [2, 0]
    assert [step.draft_tokens for step in completed.steps] == [0, 2, 1]


def test_a_stop_among_accepted_tokens_ends_the_request_there() -> None:
    """Draft tokens behind it are dropped."""
    engine, _, _ = counting_engine(ScriptedDrafter([1, 2, 3]))
    completed = complete(engine, [greedy("one", [5], 20, stop_token_ids=(8,))])
    assert completed.replies == ({"one": [6, 7, 8]}, {"one": ("stop", None)})
    assert completed.accepted == [1, 1, 0]


def test_the_drafter_forgets_ended_and_aborted_sequences() -> None:
    """No state of a sequence outlives it."""
    drafter = ScriptedDrafter([])
    engine, _, _ = counting_engine(drafter)
    complete(engine, [greedy("ended", [5], 1)])
    engine.add(greedy("aborted", [5], 9))
    engine.abort("aborted")
    drain(engine)
    assert drafter.forgotten == ["ended", "aborted"]


def test_stats_describe_the_step_and_the_state_after_it() -> None:
    """Tokens are those of the step; running and waiting are those that remain."""
    engine, _, _ = counting_engine(max_sequences=1)
    engine.add(greedy("one", [5, 6, 7, 8, 9], 2))
    engine.add(greedy("two", [5], 1))
    stats = engine.step().stats
    assert (stats.batch_tokens, stats.running, stats.waiting) == (5, 1, 1)
    assert stats.cache_usage == 2 / 16
    assert (stats.prefix_queries, stats.prefix_hits) == (5, 0)
    assert drain(engine).steps[-1].cache_usage == 0


def test_a_cached_prefix_is_not_computed_again() -> None:
    """Whole blocks of an earlier prompt are found; the output says how many tokens."""
    engine, runner, _ = counting_engine()
    complete(engine, [greedy("first", list(range(10, 20)), 1)])
    completed = complete(engine, [greedy("second", [*range(10, 18), 90], 1)])
    assert completed.outputs["second"][0].cached_tokens == 8
    assert runner.batches[-1].token_ids == [90]
    assert completed.tokens["second"] == [91]


def test_an_idle_engine_reports_its_device() -> None:
    """An idle step computes nothing and counts nothing."""
    engine, runner, device = counting_engine()
    step = engine.idle_step()
    assert (step.outputs, step.stats.batch_tokens, runner.batches) == ([], 0, [])
    assert step.stats.device == device.read()


def test_a_busy_engine_reads_its_device_rarely() -> None:
    """Readings come at an interval and with the last step, not with each."""
    engine, _, device = counting_engine()
    steps = complete(engine, [greedy("one", [5], 40)]).steps
    assert steps[-1].device is not None
    assert device.readings < len(steps)


def test_closing_closes_all_parts() -> None:
    """Processes of runner and drafter are released."""
    drafter = ScriptedDrafter([])
    engine, runner, _ = counting_engine(drafter)
    engine.close()
    assert runner.is_closed
    assert drafter.is_closed
