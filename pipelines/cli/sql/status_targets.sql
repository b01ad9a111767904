-- What each target of the inference tier served, one row per target.
select
    target,
    min(minute_at) as first_minute,
    max(minute_at) as last_minute,
    sum(prompt_tokens)::bigint as prompt_tokens,
    sum(generation_tokens)::bigint as generation_tokens,
    count(distinct minute_at) filter (where is_gap) as gap_minutes
from served_tokens_minutely
group by target
order by target
