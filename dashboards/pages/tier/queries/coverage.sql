-- One row per hour (or middle hour of a day) and service or target: the share of it that scrapes cover,
-- and how often counters were reset. A service's share is that of the time in which its replicas were there.
with hours as (
    select hour_at, target as series, max(covered_seconds) / 3600 as covered_share, max(gap_minutes) as gap_minutes, max(resets) as resets
    from served_tokens_hourly
    where
        $by = 'target' and ($service = '' or service = $service) and ($target = '' or target = $target)
        and (len($drawn) = 0 or list_contains($drawn, target)) and ($model = '' or model_name = $model)
    group by all
    union all
    select hour_at, service, arg_max(covered_share, replica_hours), max(gap_minutes), max(resets)
    from service_efficiency_hourly
    where
        $by = 'service' and (len($drawn) = 0 or list_contains($drawn, service)) and ($model = '' or model_name = $model)
    group by all
)

select
    time_bucket(to_hours($step), hour_at) as instant, series, $step as step_hours, median(covered_share) as covered_share,
    sum(gap_minutes)::bigint as gap_minutes, sum(resets)::bigint as resets
from hours
where $hours = 0 or hour_at > (select max(hour_at) from served_tokens_hourly) - to_hours($hours)
group by all
order by instant, series
