-- One row per target and UTC day of which anything was scraped.
select
    target,
    minute_at::date as day
from {{ ref('stg_telemetry__coverage') }}
union
select
    target,
    minute_at::date as day
from {{ ref('stg_telemetry__counters') }}
union
select
    target,
    minute_at::date as day
from {{ ref('stg_telemetry__gauges') }}
union
select
    target,
    hour_at::date as day
from {{ ref('stg_telemetry__energy') }}
union
select
    target,
    hour_at::date as day
from {{ ref('stg_telemetry__buckets') }}
union
select
    target,
    hour_at::date as day
from {{ ref('stg_telemetry__scrape_outcomes') }}
