-- A counter that restarts has grown by its new value, so growth is never negative; and no minute
-- has more than 60 seconds.
{{ config(meta={'is_local': true}) }}
select
    minute_at,
    target,
    model_name,
    prompt_tokens,
    generation_tokens,
    requests_total,
    covered_seconds
from {{ ref('served_tokens_minutely') }}
where
    least(
        prompt_tokens, generation_tokens, cached_prompt_tokens, requests_total, preemptions, resets
    ) < 0
    or covered_seconds not between 0 and 60.001
