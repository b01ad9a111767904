-- A higher percentile is not a shorter time; and either the percentile or a bound of it is known.
{{ config(meta={'is_local': true}) }}
select
    hour_at,
    target,
    model_name,
    metric,
    method,
    p50_seconds,
    p90_seconds,
    p99_seconds
from {{ ref('served_latency_hourly') }}
where
    p50_seconds > p90_seconds
    or p90_seconds > p99_seconds
    or p90_seconds < p50_lower_bound_seconds
    or p99_seconds < p90_lower_bound_seconds
    or (p50_seconds is null) <> (p50_lower_bound_seconds is not null)
    or (p99_seconds is null) <> (p99_lower_bound_seconds is not null)
