-- One row per UTC day and target of our tier: the part of the time between its first and last hour
-- that scrapes cover. Of many targets, those covered least.
with hours as (
    select target, hour_at, max(covered_seconds) as covered_seconds, max(gap_minutes) as gap_minutes
    from served_tokens_hourly
    group by all
),

places as (
    select target, row_number() over (order by avg(covered_seconds), target) as place
    from hours
    group by target
)

select
    hour_at::date as date,
    target,
    count(*) as hours,
    sum(gap_minutes)::bigint as gap_minutes,
    sum(covered_seconds) / 60 as covered_minutes,
    sum(covered_seconds) / 3600 / count(*) as covered_share,
    sum(covered_seconds) / 86400 as day_share
from hours
where target in (select target from places where place <= $max_targets)
group by all
order by date, target
