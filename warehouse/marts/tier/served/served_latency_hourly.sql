-- One row per UTC hour, target, model, latency and method: its 50th, 90th and 99th percentile.
--
-- `histogram`: linear inside the bucket that holds the percentile, the lowest bucket beginning at
-- 0. Beyond the last finite bucket the time is not known: the percentile is null, and its lower
-- bound is that bucket's end. Where the bounds of buckets changed within the hour, those that the
-- page had throughout are used. `events`: exact, from the tier's own request log.
with buckets_of_hours as (
    select * from {{ ref('stg_telemetry__buckets') }}
),

histograms_of_hours as (
    select * from {{ ref('stg_telemetry__histograms') }}
),

ended_requests as (
    select * from {{ ref('stg_telemetry__requests') }}
),

{{ latency_percentiles('target') }},

with_services as (
    select
        both_methods.*,
        coalesce(services.service, both_methods.target) as service
    from both_methods
    left join {{ ref('target_services_daily') }} as services
        on
            both_methods.target = services.target
            and {{ utc_date('both_methods.hour_at') }} = services.day
)

select
    hour_at,
    target,
    model_name,
    metric,
    method,
    count,
    mean_seconds,
    p50_seconds,
    p90_seconds,
    p99_seconds,
    p50_lower_bound_seconds,
    p90_lower_bound_seconds,
    p99_lower_bound_seconds,
    service
from with_services
order by hour_at, target, model_name, metric, method
