-- One row per target and UTC day of which anything was scraped.
with hours as (
    select
        target,
        hour_at
    from {{ ref('stg_telemetry__coverage') }}
    union
    select
        target,
        hour_at
    from {{ ref('stg_telemetry__counters') }}
    union
    select
        target,
        hour_at
    from {{ ref('stg_telemetry__gauges') }}
    union
    select
        target,
        hour_at
    from {{ ref('stg_telemetry__energy') }}
    union
    select
        target,
        hour_at
    from {{ ref('stg_telemetry__buckets') }}
    union
    select
        target,
        hour_at
    from {{ ref('stg_telemetry__scrape_outcomes') }}
)

select distinct
    target,
    {{ utc_date('hour_at') }} as day
from hours
