-- One row per UTC day, target and version of its stack that held on it.
--
-- It is made from all days, since a version holds until the next one is seen; what it says of a day
-- changes only where a version of that day does.
select
    days.date,
    stacks.target,
    stacks.engine,
    stacks.metric,
    stacks.labels,
    stacks.dtype,
    stacks.quantization,
    stacks.first_at,
    least(stacks.last_at, (days.date + 1)::timestamptz) as last_at
from {{ ref('stg_telemetry__stacks') }} as stacks,
    lateral (
        select
            unnest(
                generate_series(stacks.first_at::date, stacks.last_at::date, interval 1 day)
            )::date as date
    ) as days
order by days.date, stacks.target, stacks.first_at, stacks.metric, stacks.labels
