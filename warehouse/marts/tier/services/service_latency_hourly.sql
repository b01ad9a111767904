-- One row per UTC hour, service, model, latency and method: percentiles over all its replicas.
--
-- The method is that of served_latency_hourly. Histograms of replicas are added bucket by bucket, by
-- the bounds that all of them have: a percentile of percentiles would be none.
with services as (
    select distinct
        target,
        service
    from {{ ref('target_services_daily') }}
),

buckets_of_hours as (
    select
        rows.*,
        coalesce(services.service, rows.target) as service
    from {{ ref('stg_telemetry__buckets') }} as rows
    left join services
        using (target)
),

histograms_of_hours as (
    select
        rows.*,
        coalesce(services.service, rows.target) as service
    from {{ ref('stg_telemetry__histograms') }} as rows
    left join services
        using (target)
),

ended_requests as (
    select
        rows.*,
        coalesce(services.service, rows.target) as service
    from {{ ref('stg_telemetry__requests') }} as rows
    left join services
        using (target)
),

{{ latency_percentiles('service') }}

select
    hour_at,
    service,
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
    case
        when method = 'histogram' and p50_seconds is null and p50_lower_bound_seconds is null
            then 'the histograms of the replicas have no bound in common'
    end as reason
from both_methods
order by hour_at, service, model_name, metric, method
