-- One row per target and UTC day of which anything is known: the service of the target.
--
-- Repeated for each day, so that a target that comes or goes leaves the days of others as they are.
with days as (
    select
        target,
        day
    from {{ ref('target_days') }}
    union
    select
        target,
        unnest(
            [arrival_at::date, first_token_at::date, last_token_at::date]
        ) as day
    from {{ ref('stg_telemetry__requests') }}
)

select
    days.target,
    days.day,
    coalesce(targets.service, days.target) as service
from days
left join {{ ref('stg_telemetry__targets') }} as targets
    using (target)
where days.day is not null
order by days.day, days.target
