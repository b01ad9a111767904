-- One row per UTC day and target: the minutes of its first and last scrape.
select
    {{ utc_date('minute_at') }} as date,
    target,
    min(minute_at) as first_minute_at,
    max(minute_at) as last_minute_at
from {{ ref('stg_telemetry__scrapes') }}
group by all
order by date, target
