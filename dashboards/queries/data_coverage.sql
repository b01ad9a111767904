-- One row per UTC day and target of our tier: which part of the time between its first and last minute was watched.
with minutes as (
    select target, minute_at, max(covered_seconds) as covered_seconds
    from served_tokens_minutely
    group by all
)

select
    minute_at::date as date,
    target,
    count(*) as minutes,
    count(*) filter (where covered_seconds = 0) as gap_minutes,
    sum(covered_seconds) / 60 as covered_minutes,
    sum(covered_seconds) / 60 / count(*) as covered_share,
    sum(covered_seconds) / 60 / 1440 as day_share
from minutes
group by all
order by date, target
