-- One row per hour (or middle hour of a day) and target: the share of it that scrapes cover, and how
-- often counters were reset.
with hours as (
    select hour_at, target, max(covered_seconds) / 3600 as covered_share, max(gap_minutes) as gap_minutes, max(resets) as resets
    from served_tokens_hourly
    where
        ($target = '' or target = $target) and (len($drawn) = 0 or list_contains($drawn, target))
        and ($model = '' or model_name = $model)
        and ($hours = 0 or hour_at > (select max(hour_at) from served_tokens_hourly) - to_hours($hours))
    group by all
)

select
    time_bucket(to_hours($step), hour_at) as instant, target as series, $step as step_hours, median(covered_share) as covered_share, sum(gap_minutes)::bigint as gap_minutes,
    sum(resets)::bigint as resets
from hours
group by all
order by instant, series
