-- One row per step of minutes, service or target, and model: tokens per second, null where no minute is
-- covered. A gap is not covered, nor is the minute that ends it, whose growth took longer. A minute of a
-- service is covered as that of its best covered replica is.
with minutes as (
    select
        minute_at, if($by = 'target', target, service) || ' · ' || model_name as series,
        sum(generation_tokens) filter (where not is_gap and not is_end_of_gap) as generation_tokens,
        sum(prompt_tokens) filter (where not is_gap and not is_end_of_gap) as prompt_tokens,
        max(covered_seconds) filter (where not is_gap and not is_end_of_gap) as covered_seconds,
        count_if(is_gap) as gap_minutes, sum(resets) as resets
    from served_tokens_minutely
    where
        ($service = '' or service = $service) and ($target = '' or target = $target)
        and (len($drawn) = 0 or list_contains($drawn, if($by = 'target', target, service)))
        and ($model = '' or model_name = $model)
        and ($hours = 0 or minute_at > (select max(minute_at) from served_tokens_minutely) - to_hours($hours))
    group by all
)

select
    make_timestamptz(epoch_us(minute_at) // ($minutes * 60_000_000) * ($minutes * 60_000_000)) as instant, series,
    sum(generation_tokens) / nullif(sum(covered_seconds), 0) as generated_tokens_per_second,
    sum(prompt_tokens) / nullif(sum(covered_seconds), 0) as prompt_tokens_per_second,
    sum(gap_minutes)::bigint as gap_minutes, sum(resets)::bigint as resets
from minutes
group by all
order by instant, series
