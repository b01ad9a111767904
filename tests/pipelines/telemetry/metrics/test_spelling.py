"""Spellings that a store is asked for."""

from pipelines.telemetry.metrics.spelling import find_spelling, list_spellings


def test_what_a_store_is_asked_for_is_understood() -> None:
    known = ["vllm:prompt_tokens_total", "tgi_queue_size"]
    spelled = list(list_spellings(known))
    assert spelled == ["vllm_prompt_tokens_total", "ray_vllm_prompt_tokens_total"]
    assert {find_spelling(each, known) for each in spelled} == {"vllm:prompt_tokens_total"}
