-- One row per hour or day, service or target, and model: tokens per second over covered time, null where
-- none is covered. A service is covered for as long as any of its replicas is.
with hours as (
    select
        served.hour_at, if($by = 'target', target, service) || ' · ' || model_name as series,
        sum(served.timed_generation_tokens) as generation_tokens, sum(served.timed_prompt_tokens) as prompt_tokens,
        if($by = 'target', sum(served.timed_seconds), any_value(together.timed_seconds)) as timed_seconds,
        sum(served.covered_seconds) as covered_seconds, sum(served.gap_minutes) as gap_minutes, sum(served.resets) as resets
    from served_tokens_hourly as served
    left join service_efficiency_hourly as together using (hour_at, service, model_name)
    where
        ($service = '' or service = $service) and ($target = '' or target = $target)
        and (len($drawn) = 0 or list_contains($drawn, if($by = 'target', target, service)))
        and ($model = '' or model_name = $model)
        and ($hours = 0 or hour_at > (select max(hour_at) from served_tokens_hourly) - to_hours($hours))
    group by served.hour_at, series
)

select
    time_bucket(to_hours($step), hour_at) as instant, series, $step as step_hours,
    sum(generation_tokens) / nullif(sum(timed_seconds), 0) as generated_tokens_per_second,
    sum(prompt_tokens) / nullif(sum(timed_seconds), 0) as prompt_tokens_per_second,
    sum(covered_seconds) as covered_seconds, sum(gap_minutes)::bigint as gap_minutes, sum(resets)::bigint as resets
from hours
group by all
order by instant, series
