-- Tokens a second of each target and model by hour, over covered time only; null where none is covered.
select
    hour_at as instant,
    target || ' · ' || model_name as series,
    timed_generation_tokens / nullif(timed_seconds, 0) as generated_tokens_per_second,
    timed_prompt_tokens / nullif(timed_seconds, 0) as prompt_tokens_per_second,
    covered_seconds, gap_minutes, resets
from served_tokens_hourly
where
    ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_tokens_hourly) - to_hours($hours))
order by instant, series
