-- Tokens a second of each target and model by minute; null in a gap, and in the minute that ends one, whose growth took longer.
select
    minute_at as instant,
    target || ' · ' || model_name as series,
    case when not is_gap and not is_end_of_gap then generation_tokens / nullif(covered_seconds, 0) end as generated_tokens_per_second,
    case when not is_gap and not is_end_of_gap then prompt_tokens / nullif(covered_seconds, 0) end as prompt_tokens_per_second,
    is_gap, resets
from served_tokens_minutely
where
    ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or minute_at > (select max(minute_at) from served_tokens_minutely) - to_hours($hours))
order by instant, series
