-- One row per step of minutes, target and model: tokens per second, null where no minute is covered. A
-- gap is not covered, nor is the minute that ends it, whose growth took longer.
select
    make_timestamptz(epoch_us(minute_at) // ($minutes * 60_000_000) * ($minutes * 60_000_000)) as instant,
    target || ' · ' || model_name as series,
    sum(generation_tokens) filter (where not is_gap and not is_end_of_gap)
    / nullif(sum(covered_seconds) filter (where not is_gap and not is_end_of_gap), 0) as generated_tokens_per_second,
    sum(prompt_tokens) filter (where not is_gap and not is_end_of_gap)
    / nullif(sum(covered_seconds) filter (where not is_gap and not is_end_of_gap), 0) as prompt_tokens_per_second,
    count_if(is_gap) as gap_minutes, sum(resets) as resets
from served_tokens_minutely
where
    ($target = '' or target = $target) and (len($drawn) = 0 or list_contains($drawn, target))
    and ($model = '' or model_name = $model)
    and ($hours = 0 or minute_at > (select max(minute_at) from served_tokens_minutely) - to_hours($hours))
group by all
order by instant, series
