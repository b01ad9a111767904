"""The choice of a step's tokens: budget, order, preemption, drafts."""

import torch

from models.engine.block_manager import BlockManager
from models.engine.scheduler import Scheduler
from models.engine.sequence import ScheduledChunk, Sequence
from models.kv_offload.block_copier import BlockCopier
from models.kv_offload.host_tier import HostTier
from models.kv_offload.kv_offload import KvOffload
from models.ops.ops import KeyValues
from models.protocol import EngineRequest, SamplingParams


def sequence(name: str, tokens: int, max_tokens: int = 20) -> Sequence:
    """Make a sequence whose prompt is unlike any other."""
    prompt = [hash((name, number)) % 300 + 1 for number in range(tokens)]
    return Sequence(EngineRequest(name, prompt, SamplingParams(max_tokens)), 0, list(prompt))


def scheduler_of(*sequences: Sequence, blocks: int = 16, **limits: int) -> Scheduler:
    """Make a scheduler with blocks of 4 tokens and these sequences waiting."""
    sizes = {"max_sequences": 4, "max_batch_tokens": 64} | limits
    scheduler = Scheduler(BlockManager(blocks, 4, is_sharing=True), **sizes)
    scheduler.waiting.extend(sequences)
    return scheduler


def run_step(scheduler: Scheduler) -> list[tuple[str, int, int]]:
    """Run a step in which each complete chunk generates the token 7. Return the chunks."""
    chunks = scheduler.schedule()
    scheduled = [(each.sequence.request.request_id, each.tokens, each.drafted) for each in chunks]
    for chunk in chunks:
        compute(scheduler, chunk)
    return scheduled


def compute(scheduler: Scheduler, chunk: ScheduledChunk) -> None:
    """Do what the engine does after computing a chunk whose draft is rejected."""
    each, computed = chunk.sequence, chunk.sequence.computed_tokens + chunk.known
    if chunk.is_complete:
        each.tokens.append(7)
        each.draft = []
    scheduler.mark_computed(each, computed)


def test_prompts_come_first_whole_then_one_token_at_a_time() -> None:
    """A sequence decodes once its prompt is computed."""
    scheduler = scheduler_of(sequence("one", 5), sequence("two", 3))
    assert run_step(scheduler) == [("one", 5, 0), ("two", 3, 0)]
    assert run_step(scheduler) == [("one", 1, 0), ("two", 1, 0)]


def test_the_budget_cuts_prompts_into_chunks() -> None:
    """Running sequences are served before waiting ones."""
    scheduler = scheduler_of(sequence("one", 6), sequence("two", 6), max_batch_tokens=8)
    assert run_step(scheduler) == [("one", 6, 0), ("two", 2, 0)]
    assert run_step(scheduler) == [("one", 1, 0), ("two", 4, 0)]


def test_no_more_sequences_run_than_allowed() -> None:
    """Others wait in order of arrival."""
    scheduler = scheduler_of(*(sequence(name, 3) for name in "abc"), max_sequences=2)
    run_step(scheduler)
    assert [each.request.request_id for each in scheduler.running] == ["a", "b"]
    scheduler.remove(scheduler.running[0])
    run_step(scheduler)
    assert [each.request.request_id for each in scheduler.running] == ["b", "c"]


def test_a_sequence_waits_until_its_whole_prompt_fits() -> None:
    """Later ones do not overtake it, though they would fit."""
    scheduler = scheduler_of(sequence("a", 12), sequence("b", 12), sequence("c", 2), blocks=4)
    assert run_step(scheduler) == [("a", 12, 0)]
    assert run_step(scheduler) == [("a", 1, 0)]


def test_the_latest_sequence_is_preempted_when_blocks_run_out() -> None:
    """It returns to the front of the queue and is computed again with its new tokens."""
    first, second = sequence("first", 8), sequence("second", 8)
    scheduler = scheduler_of(first, second, sequence("third", 2), blocks=4)
    run_step(scheduler)
    assert run_step(scheduler) == [("first", 1, 0)]
    assert (second.preemptions, second.computed_tokens, second.blocks) == (1, 0, [])
    assert [each.request.request_id for each in scheduler.waiting] == ["second", "third"]
    assert scheduler.counts.preemptions == 1
    scheduler.remove(first)
    # Its first block is still cached, so 5 of its 9 tokens are computed again.
    assert run_step(scheduler)[0] == ("second", 5, 0)
    assert second.cached_tokens == 0


def test_a_sequence_alone_preempts_itself_last() -> None:
    """It stops computing, but its tokens stay."""
    only = sequence("only", 8)
    scheduler = scheduler_of(only, blocks=2)
    run_step(scheduler)
    assert run_step(scheduler) == []
    assert (len(only.tokens), list(scheduler.waiting)) == (9, [only])


def test_only_the_first_admission_counts_as_a_prompt() -> None:
    """A preempted sequence is not looked up twice."""
    first, second = sequence("first", 8), sequence("second", 8)
    scheduler = scheduler_of(first, second, blocks=4)
    run_step(scheduler)
    run_step(scheduler)
    scheduler.remove(first)
    run_step(scheduler)
    assert (second.preemptions, scheduler.counts.prefix_queries) == (1, 16)


def test_a_shared_prefix_is_held_by_both() -> None:
    """The second sequence computes only the rest of its prompt."""
    first = sequence("first", 9)
    second = Sequence(first.request, 0, [*first.tokens[:8], 5, 6])
    scheduler = scheduler_of(first)
    run_step(scheduler)
    scheduler.waiting.append(second)
    chunks = scheduler.schedule()
    assert [chunk.tokens for chunk in chunks] == [1, 2]
    assert second.blocks[:2] == first.blocks[:2]
    assert (second.cached_tokens, scheduler.counts.prefix_hits) == (8, 8)


def test_draft_tokens_are_scheduled_within_the_budget() -> None:
    """A draft is cut where the budget ends."""
    first, second = sequence("first", 4), sequence("second", 4)
    scheduler = scheduler_of(first, second, max_batch_tokens=8)
    run_step(scheduler)
    first.draft, second.draft = [1, 2, 3, 4], [1, 2, 3, 4]
    assert run_step(scheduler) == [("first", 5, 4), ("second", 3, 2)]


def test_a_draft_takes_no_blocks_from_others() -> None:
    """In a full cache a sequence goes on without its draft instead of preempting another."""
    scheduler = scheduler_of(sequence("first", 7), sequence("second", 7), blocks=4)
    run_step(scheduler)
    for each in scheduler.running:
        each.draft = [1, 2, 3]
    assert run_step(scheduler) == [("first", 1, 0), ("second", 1, 0)]


def test_a_removed_sequence_gives_back_its_blocks() -> None:
    """A running or a waiting one."""
    running, waiting = sequence("running", 8), sequence("waiting", 8)
    scheduler = scheduler_of(running, waiting, max_sequences=1)
    run_step(scheduler)
    scheduler.remove(waiting)
    scheduler.remove(running)
    assert scheduler.block_manager.usage == 0
    assert (scheduler.running, list(scheduler.waiting)) == ([], [])


def offloaded() -> tuple[Scheduler, KvOffload, KeyValues, Sequence]:
    """Make a scheduler whose host tier alone has 3 blocks of a sequence, which comes again."""
    cache = KeyValues(torch.randn(16, 4, 1, 2), torch.randn(16, 4, 1, 2))
    copier = BlockCopier([cache])
    offload = KvOffload(copier, HostTier(16, copier.block_bytes), None)
    offload.step_blocks = 1
    manager = BlockManager(16, 4, is_sharing=True)
    scheduler = Scheduler(manager, max_sequences=4, max_batch_tokens=64, offload=offload)
    first = sequence("first", 13)
    scheduler.waiting.append(first)
    run_step(scheduler)
    offload.store()
    scheduler.remove(first)
    manager.reset_prefixes()
    return scheduler, offload, cache, Sequence(first.request, 0, list(first.request.prompt))


def test_others_decode_while_a_prefix_comes_back() -> None:
    """A sequence that waits for its blocks has none of a step's tokens, and delays nobody's."""
    scheduler, offload, cache, again = offloaded()
    scheduler.waiting.extend([sequence("other", 5), again])
    assert run_step(scheduler) == [("other", 5, 0)]
    while again.restore:
        offload.advance([again.restore])
        scheduler.end_restores()
        if again.restore:
            assert run_step(scheduler) == [("other", 1, 0)]
    assert (again.computed_tokens, again.cached_tokens, again.host_tokens) == (12, 12, 12)
    assert run_step(scheduler) == [("other", 1, 0), ("first", 1, 0)]
    assert torch.equal(cache.keys[again.blocks[:3]], cache.keys[:3])
    offload.close()


def test_a_sequence_that_ends_while_its_prefix_comes_back_frees_its_blocks() -> None:
    """Nothing is written to them afterwards."""
    scheduler, offload, _, again = offloaded()
    scheduler.waiting.append(again)
    assert run_step(scheduler) == []
    scheduler.remove(again)
    assert again.restore is None
    assert scheduler.block_manager.free_blocks == 16
    offload.close()
