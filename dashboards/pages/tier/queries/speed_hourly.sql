-- One row per hour or day, target and model: tokens per second over covered time, null where none is
-- covered.
select
    time_bucket(to_hours($step), hour_at) as instant,
    target || ' · ' || model_name as series,
    $step as step_hours,
    sum(timed_generation_tokens) / nullif(sum(timed_seconds), 0) as generated_tokens_per_second,
    sum(timed_prompt_tokens) / nullif(sum(timed_seconds), 0) as prompt_tokens_per_second,
    sum(covered_seconds) as covered_seconds, sum(gap_minutes)::bigint as gap_minutes, sum(resets)::bigint as resets
from served_tokens_hourly
where
    ($target = '' or target = $target) and (len($drawn) = 0 or list_contains($drawn, target))
    and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_tokens_hourly) - to_hours($hours))
group by all
order by instant, series
